-- Pauses a lane for 15 s, twice as long each time the probe fails, at most 10 min; refusals that come together
-- count once, and none changes what the operator paused. Returns until when.
WITH lane AS MATERIALIZED (
    SELECT
        t.upstream_id, t.lane, t.pause_code, least(greatest(15, t.pause_s * 2), 600) AS next_s,
        coalesce(t.pause_code = 'operator' AND t.paused_until > now(), false) AS is_held
    FROM throttle AS t
    WHERE t.upstream_id = %(upstream_id)s AND t.lane = %(lane)s
    FOR UPDATE
),
judged AS MATERIALIZED (
    SELECT l.*, NOT l.is_held AND (%(is_probe)s OR coalesce(l.pause_code, 'operator') = 'operator') AS is_new
    FROM lane AS l
)
UPDATE throttle AS t
SET pause_s = CASE WHEN j.is_new THEN j.next_s ELSE t.pause_s END,
    paused_until = CASE WHEN j.is_new THEN now() + make_interval(secs => j.next_s) ELSE t.paused_until END,
    pause_code = CASE WHEN j.is_held THEN t.pause_code ELSE %(code)s END
FROM judged AS j
WHERE t.upstream_id = j.upstream_id AND t.lane = j.lane
RETURNING t.paused_until
