-- Changes nothing; how fast an account is called at the moment, and whether that is paused.
SELECT
    lane, ceiling_per_minute,
    least(
        ceiling_per_minute,
        permits_per_minute * power(1.1::double precision, least(extract(
            epoch FROM now() - coalesce(lowered_at, now()))::double precision / 10, 100))
    ) AS pace_per_minute,
    CASE WHEN paused_until > now() THEN paused_until END AS paused_until,
    CASE WHEN paused_until > now() THEN pause_code END AS pause_code
FROM throttle
WHERE upstream_id = %(upstream_id)s
ORDER BY lane DESC
