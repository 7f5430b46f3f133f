-- Stops creates until somebody lets them go on, at most for as long as is said; then they go on by themselves.
UPDATE throttle
SET paused_until = now() + make_interval(secs => %(for_s)s), pause_code = 'operator', pause_s = 0
WHERE upstream_id = %(upstream_id)s AND lane = 'creates'
