-- Changes nothing; how fast an account may be called at the moment.
SELECT
    lane, ceiling_per_minute, permits_per_minute,
    greatest(coalesce(extract(epoch FROM paused_until - now()), 0), 0)::double precision AS paused_s
FROM throttle
WHERE upstream_id = %(upstream_id)s
