-- Makes a lane of an account, or gives it another ceiling; what a refusal lowered stays lowered.
INSERT INTO throttle AS t (upstream_id, lane, ceiling_per_minute, permits_per_minute)
VALUES (%(upstream_id)s, %(lane)s, %(ceiling)s, %(ceiling)s)
ON CONFLICT (upstream_id, lane) DO UPDATE
SET ceiling_per_minute = excluded.ceiling_per_minute,
    permits_per_minute = CASE
        WHEN t.lowered_at IS NULL THEN excluded.permits_per_minute
        ELSE least(t.permits_per_minute, excluded.permits_per_minute)
    END
