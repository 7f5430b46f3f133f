-- Changes nothing; the attempts of an account whose outcome nobody knows: the open one of each generation that is
-- `unknown`, and those that may still be answered.
SELECT
    a.token, a.generation_id, g.key_id, g.request_id, a.number, a.prediction_id, g.model, g.version, g.deployment, g.input,
    g.state = 'unknown' AS is_dead,
    extract(epoch FROM now() - a.intent_at)::double precision AS age_s,
    extract(epoch FROM now() - least(a.dead_at, coalesce(a.ended_at, a.dead_at)))::double precision AS dead_for_s,
    extract(epoch FROM now() - a.absent_seen_at)::double precision AS absent_for_s
FROM attempts AS a
JOIN generations AS g ON g.id = a.generation_id AND g.attempts = a.number
WHERE g.upstream_id = %(upstream_id)s AND g.state IN ('submitting', 'unknown')
ORDER BY a.intent_at, a.token
