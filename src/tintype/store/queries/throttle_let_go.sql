-- Ends any pause of creates, whoever made it; no row when there is none.
UPDATE throttle
SET paused_until = NULL, pause_s = 0, pause_code = NULL
WHERE upstream_id = %(upstream_id)s AND lane = 'creates' AND pause_code IS NOT NULL
