CREATE FUNCTION public.tintype_batch_plan(p_batch text) RETURNS integer
    LANGUAGE plpgsql
    SET enable_nestloop TO 'off'
    AS $$
DECLARE
    v_calls integer;
BEGIN
    UPDATE batch_rows AS r SET skip = own.skip
    FROM (
        SELECT o.number, sum(o.count) OVER (PARTITION BY o.digest ORDER BY o.number) - o.count AS skip
        FROM batch_rows AS o
        WHERE o.batch_id = p_batch AND o.problem IS NULL AND o.is_own
    ) AS own
    WHERE r.batch_id = p_batch AND r.number = own.number AND own.skip > 0;
    INSERT INTO batch_calls (batch_id, number, row_number, digest, skip, count)
    SELECT p_batch, row_number() OVER (ORDER BY equal.first, piece.skip), equal.first, equal.digest, piece.skip,
        least(equal.per_call, equal.total - piece.skip)
    FROM (
        SELECT r.digest, min(r.number) AS first, max(r.skip + r.count) AS total, max(r.per_call) AS per_call
        FROM batch_rows AS r
        WHERE r.batch_id = p_batch AND r.problem IS NULL
        GROUP BY r.digest
    ) AS equal
    CROSS JOIN generate_series(0, equal.total - 1, equal.per_call) AS piece (skip);
    GET DIAGNOSTICS v_calls = ROW_COUNT;
    RETURN v_calls;
END
$$;
