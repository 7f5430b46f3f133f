-- Stops a lane until somebody lets it go on, at most for as long as is said.
UPDATE throttle
SET paused_until = now() + make_interval(secs => %(for_s)s), pause_code = 'operator', pause_s = 0
WHERE upstream_id = %(upstream_id)s AND lane = %(lane)s
