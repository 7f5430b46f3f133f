-- Pauses a lane for 15 s, twice as long each time the probe fails, at most 10 min; refusals that come together
-- count once. Returns until when.
UPDATE throttle AS t
SET pause_s = CASE WHEN %(is_probe)s OR t.pause_code IS NULL THEN least(greatest(15, t.pause_s * 2), 600) ELSE t.pause_s END,
    paused_until = CASE
        WHEN %(is_probe)s OR t.pause_code IS NULL
            THEN now() + make_interval(secs => least(greatest(15, t.pause_s * 2), 600))
        ELSE t.paused_until
    END,
    pause_code = %(code)s
WHERE t.upstream_id = %(upstream_id)s AND t.lane = %(lane)s
RETURNING paused_until
