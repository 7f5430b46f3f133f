-- Writes down that a complete reading did not show what an attempt would have bought; the first time counts.
UPDATE attempts SET absent_seen_at = coalesce(absent_seen_at, now()) WHERE token = %(token)s
