-- Changes nothing; how fast an account is called at the moment, and whether that is paused.
SELECT lane, ceiling_per_minute, permits_per_minute, paused_until, pause_code
FROM throttle
WHERE upstream_id = %(upstream_id)s
ORDER BY lane DESC
