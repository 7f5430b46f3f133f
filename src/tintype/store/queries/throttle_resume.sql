-- Ends a pause after a create went through; what the operator paused stays so.
UPDATE throttle
SET paused_until = NULL, pause_s = 0, pause_code = NULL
WHERE upstream_id = %(upstream_id)s AND lane = %(lane)s AND pause_code <> 'operator'
