-- Gives permits back that nobody needed; a probe that was not made may be made by the next.
WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS set)
UPDATE throttle AS t
SET next_at = t.next_at - make_interval(secs => %(permits)s * 60 / t.permits_per_minute),
    paused_until = CASE
        WHEN %(was_probe)s AND t.pause_code <> 'operator' THEN least(t.paused_until, now())
        ELSE t.paused_until
    END
FROM quick AS q
WHERE t.upstream_id = %(upstream_id)s AND t.lane = %(lane)s AND q.set IS NOT NULL
