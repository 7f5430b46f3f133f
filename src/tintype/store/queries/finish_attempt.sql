-- Writes down how an attempt ended; what was known of it before stays where nothing new is said.
UPDATE attempts SET
    outcome = %(outcome)s,
    status = coalesce(%(status)s, status),
    prediction_id = coalesce(%(prediction_id)s, prediction_id),
    upstream_date = coalesce(%(upstream_date)s, upstream_date),
    ended_at = coalesce(ended_at, now())
WHERE token = %(token)s
