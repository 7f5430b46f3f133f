-- Changes nothing; what was booked for a batch and what is held, and how many of its calls have ended.
SELECT
    coalesce(sum(g.cost_nano_usd), 0)::bigint AS cost_nano_usd,
    coalesce(sum(g.hold_nano_usd) FILTER (WHERE g.finished_at IS NULL), 0)::bigint AS held_nano_usd,
    count(*) FILTER (WHERE g.id = c.generation_id AND g.finished_at IS NOT NULL)::integer AS ended
FROM batch_calls AS c
CROSS JOIN LATERAL unnest(c.past || c.generation_id) AS bought (id)
JOIN generations AS g ON g.id = bought.id
WHERE c.batch_id = %(id)s
