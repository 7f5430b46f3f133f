-- Changes nothing; how far a batch is without a look at what became of each row: those that wait for nothing any more.
SELECT
    b.id, b.state, b.budget_nano_usd, b.row_count, b.call_count, b.waits_for, b.created_at, b.finished_at,
    b.row_count - (
        SELECT count(*) FROM batch_rows AS r
        WHERE r.batch_id = b.id AND EXISTS (
            SELECT FROM batch_calls AS c
            WHERE c.batch_id = r.batch_id AND c.digest = r.digest AND NOT c.has_ended AND c.problem IS NULL
                AND c.skip > r.skip - 1000 AND c.skip < r.skip + r.count AND c.skip + c.count > r.skip
            -- Row by row by the index: thousands of equal rows would all be compared with each other's calls.
            OFFSET 0
        )
    )::integer AS rows_ended,
    bought.cost_nano_usd, bought.ended AS calls_ended
FROM batches AS b
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(g.cost_nano_usd), 0)::bigint AS cost_nano_usd,
        count(*) FILTER (WHERE g.id = c.generation_id AND g.finished_at IS NOT NULL)::integer AS ended
    FROM batch_calls AS c
    CROSS JOIN LATERAL unnest(c.past || c.generation_id) AS made (id)
    JOIN generations AS g ON g.id = made.id
    WHERE c.batch_id = b.id
) AS bought
WHERE b.id = %(id)s AND b.key_id = %(key)s AND (%(user)s::text IS NULL OR b.end_user = %(user)s)
