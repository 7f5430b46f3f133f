-- Changes nothing; what was asked for and what became of it in a span of time, by what it is grouped by.
SELECT
    CASE %(by)s
        WHEN 'model' THEN g.model
        WHEN 'user' THEN coalesce(g.end_user, '')
        WHEN 'key' THEN g.key_id
        WHEN 'project' THEN coalesce(g.project, '')
        WHEN 'tag' THEN coalesce(tag.name, '')
        ELSE to_char(g.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
    END AS name,
    CASE %(by)s WHEN 'key' THEN max(k.name) END AS key_name,
    count(*) AS generations,
    count(*) FILTER (WHERE g.state = 'succeeded') AS succeeded,
    count(*) FILTER (WHERE g.state = 'failed') AS failed,
    count(*) FILTER (WHERE g.state IN ('canceled', 'aborted')) AS canceled,
    count(*) FILTER (WHERE g.finished_at IS NULL) AS unfinished,
    count(*) FILTER (WHERE g.cached_from IS NOT NULL) AS cached,
    coalesce(sum(made.images), 0)::bigint AS images,
    coalesce(sum(made.video_ms), 0)::bigint AS video_ms,
    coalesce(sum(g.cost_nano_usd), 0)::bigint AS cost_nano_usd,
    coalesce(sum(g.hold_nano_usd) FILTER (WHERE g.finished_at IS NULL), 0)::bigint AS held_nano_usd,
    coalesce(sum(booked.saved), 0)::bigint AS saved_nano_usd,
    coalesce(sum(proof.saved), 0)::bigint AS saved_by_proofs_nano_usd
FROM generations AS g
LEFT JOIN keys AS k ON k.id = g.key_id
LEFT JOIN LATERAL unnest(g.tags) AS tag (name) ON %(by)s = 'tag'
LEFT JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE o.content_type LIKE 'image/%%') AS images,
        sum(o.duration_ms) FILTER (WHERE o.content_type LIKE 'video/%%') AS video_ms
    FROM outputs AS o
    WHERE o.generation_id = g.id
) AS made ON true
LEFT JOIN LATERAL (
    SELECT sum(l.amount_nano_usd) AS saved FROM ledger AS l WHERE l.generation_id = g.id AND l.kind = 'saved'
) AS booked ON true
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
    g.upstream_id IN (SELECT u.id FROM upstreams AS u WHERE u.simulated = %(simulated)s)
    AND (%(key)s::text IS NULL OR g.key_id = %(key)s)
    AND (%(since)s::timestamptz IS NULL OR g.created_at >= %(since)s)
    -- Ids begin with their time, by which rows of long ago need not be looked at.
    AND (%(from_id)s::text IS NULL OR g.id >= %(from_id)s)
    AND (%(until)s::timestamptz IS NULL OR g.created_at < %(until)s)
GROUP BY 1
ORDER BY CASE WHEN %(by)s = 'day' THEN 1 END, CASE WHEN %(by)s <> 'day' THEN sum(g.cost_nano_usd) END DESC, 1
