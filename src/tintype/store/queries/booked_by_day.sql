-- Changes nothing; what was booked per model and day (UTC) of completion upstream, losses with it.
SELECT
    to_char(coalesce(g.completed_at, g.settled_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
    g.model,
    count(*) FILTER (WHERE g.cost_nano_usd > 0) AS generations,
    sum(
        g.cost_nano_usd
        + coalesce(
            (SELECT sum(l.amount_nano_usd) FROM ledger AS l WHERE l.generation_id = g.id AND l.kind = 'loss'), 0
        )
    )::bigint AS booked_nano_usd
FROM generations AS g
WHERE
    g.settled_at IS NOT NULL
    AND g.upstream_id IN (SELECT u.id FROM upstreams AS u WHERE u.simulated = %(simulated)s)
    AND coalesce(g.completed_at, g.settled_at) >= %(since)s
    AND coalesce(g.completed_at, g.settled_at) < %(until)s
GROUP BY 1, 2
ORDER BY 1, 2
