-- Changes nothing; what was booked for generations that ended in a span of time, by model, end user, key or day.
SELECT
    CASE %(by)s
        WHEN 'model' THEN g.model
        WHEN 'user' THEN coalesce(g.end_user, '')
        WHEN 'key' THEN g.key_id
        ELSE to_char(g.settled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
    END AS name,
    count(*) AS generations,
    count(*) FILTER (WHERE g.state = 'succeeded') AS succeeded,
    coalesce(sum(g.cost_nano_usd), 0)::bigint AS cost_nano_usd,
    coalesce(sum(g.estimate_nano_usd) FILTER (WHERE g.state = 'succeeded' AND g.cached_from IS NULL), 0)::bigint
        AS estimate_nano_usd,
    coalesce(sum(booked.saved), 0)::bigint AS saved_nano_usd,
    coalesce(sum(booked.lost), 0)::bigint AS lost_nano_usd,
    coalesce(sum(proof.saved), 0)::bigint AS saved_by_proofs_nano_usd
FROM generations AS g
CROSS JOIN LATERAL (
    SELECT
        sum(l.amount_nano_usd) FILTER (WHERE l.kind = 'saved') AS saved,
        sum(l.amount_nano_usd) FILTER (WHERE l.kind = 'loss') AS lost
    FROM ledger AS l
    WHERE l.generation_id = g.id AND l.kind IN ('saved', 'loss')
) AS booked
LEFT JOIN LATERAL (
    -- Had all been finals: their price less what the proof and the finals of its picks cost. What an equal request
    -- answered counts as saved by that.
    SELECT p.final_nano_usd - g.cost_nano_usd - coalesce((
        SELECT sum(coalesce(nullif(f.cost_nano_usd, 0), f.estimate_nano_usd)) FILTER (WHERE f.state = 'succeeded')
        FROM approvals AS a
        JOIN generations AS f ON f.id = a.final_id
        WHERE a.proof_id = g.id
    ), 0) AS saved
    FROM proofs AS p
    WHERE p.generation_id = g.id AND g.state = 'succeeded' AND g.cost_nano_usd > 0
) AS proof ON true
WHERE
    g.settled_at IS NOT NULL
    AND g.upstream_id IN (SELECT u.id FROM upstreams AS u WHERE u.simulated = %(simulated)s)
    AND (%(since)s::timestamptz IS NULL OR g.settled_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR g.settled_at < %(until)s)
GROUP BY 1
ORDER BY CASE WHEN %(by)s = 'day' THEN 1 END, CASE WHEN %(by)s <> 'day' THEN sum(g.cost_nano_usd) END DESC, 1
