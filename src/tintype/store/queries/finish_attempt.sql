-- Writes down how an attempt ended; what was known of it before stays where nothing new is said, and that it bought
-- what belongs to nobody stays in any case.
UPDATE attempts SET
    outcome = CASE WHEN outcome IN ('orphan', 'storing', 'lost') THEN outcome ELSE %(outcome)s END,
    status = coalesce(%(status)s, status),
    prediction_id = coalesce(%(prediction_id)s, prediction_id),
    upstream_date = coalesce(%(upstream_date)s, upstream_date),
    ended_at = coalesce(ended_at, now())
WHERE token = %(token)s
