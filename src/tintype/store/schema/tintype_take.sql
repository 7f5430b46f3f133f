CREATE FUNCTION public.tintype_take(p_needs public.tintype_need[]) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_refusals jsonb;
    v_found integer;
BEGIN
    IF p_needs IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM tintype_gate(ARRAY(SELECT n.limit_id || '/' || n.subject FROM unnest(p_needs) AS n));
    INSERT INTO counters (limit_id, subject, window_start)
    SELECT n.limit_id, n.subject, n.window_start FROM unnest(p_needs) AS n
    ON CONFLICT DO NOTHING;
    WITH taken AS (
        UPDATE counters AS c
        SET held = c.held + CASE WHEN n.measure = 'rate' THEN 0 ELSE n.asked END,
            spent = c.spent + CASE WHEN n.measure = 'rate' THEN n.asked ELSE 0 END
        FROM unnest(p_needs) AS n
        WHERE c.limit_id = n.limit_id AND c.subject = n.subject AND c.window_start = n.window_start
        RETURNING n.*, c.held + c.spent AS used
    )
    SELECT count(*), jsonb_agg(
        jsonb_build_object(
            'limit_id', t.limit_id, 'scope', t.scope, 'subject', t.subject, 'measure', t.measure,
            'period', t.period, 'amount', t.amount, 'asked', t.asked,
            'free', greatest(t.amount + t.asked - t.used, 0),
            'frees_at', CASE
                WHEN t.asked <= t.amount AND t.period <> 'total'
                    THEN tintype_window_end(t.period, t.zone, t.window_start)
            END
        )
        ORDER BY t.asked <= t.amount AND t.period <> 'total',
            tintype_window_end(t.period, t.zone, t.window_start) DESC, t.limit_id
    ) FILTER (WHERE t.used > t.amount)
    INTO STRICT v_found, v_refusals
    FROM taken AS t;
    IF v_refusals IS NOT NULL THEN
        RAISE EXCEPTION 'refused' USING ERRCODE = 'TT001';
    ELSIF v_found <> cardinality(p_needs) THEN
        RAISE EXCEPTION 'a limit was removed meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
EXCEPTION
    WHEN SQLSTATE 'TT001' THEN
        RETURN v_refusals;
END
$$;
