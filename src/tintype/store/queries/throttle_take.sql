-- Takes up to so many permits at the lane's pace, after upstream's pause a single one as the probe; one row is locked.
-- The pace climbs back by a tenth every ten seconds. A second's worth may be taken at once.
WITH quick AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true) AS set, clock_timestamp() AS at
),
lane AS MATERIALIZED (
    SELECT t.*, q.at, least(
        t.ceiling_per_minute,
        t.permits_per_minute * power(1.1::double precision, least(extract(
            epoch FROM q.at - coalesce(t.lowered_at, q.at))::double precision / 10, 100))
    ) AS pace
    FROM throttle AS t CROSS JOIN quick AS q
    WHERE t.upstream_id = %(upstream_id)s AND t.lane = %(lane)s
    FOR UPDATE OF t
),
free AS MATERIALIZED (
    SELECT l.at, 60 / l.pace AS step_s, coalesce(l.paused_until > l.at, false) AS is_paused,
        l.paused_until,
        coalesce(l.pause_code <> 'operator' AND coalesce(l.paused_until <= l.at, true), false) AS is_probe,
        greatest(l.next_at, l.at - make_interval(secs => (greatest(floor(l.pace / 60), 1) - 1) * 60 / l.pace))
            AS starts
    FROM lane AS l
),
judged AS MATERIALIZED (
    SELECT f.*, CASE
        WHEN f.is_paused THEN 0
        WHEN f.is_probe THEN 1
        WHEN f.starts > f.at THEN 0
        ELSE least(%(wanted)s::integer, floor(extract(epoch FROM f.at - f.starts) / f.step_s)::integer + 1)
    END AS granted
    FROM free AS f
)
UPDATE throttle AS t
SET next_at = CASE WHEN j.granted > 0 THEN j.starts + make_interval(secs => j.granted * j.step_s) ELSE t.next_at END,
    paused_until = CASE WHEN j.is_probe THEN j.at + interval '30 seconds' ELSE t.paused_until END
FROM judged AS j
WHERE t.upstream_id = %(upstream_id)s AND t.lane = %(lane)s
RETURNING
    j.granted,
    j.is_probe,
    greatest(extract(epoch FROM CASE WHEN j.is_paused THEN j.paused_until ELSE t.next_at END - j.at), 0)
        ::double precision AS wait_s
