-- Changes nothing; what runs upstream and is to be looked at now, newest first.
SELECT
    id, key_id, request_id, prediction_id, model, cancel_wished_at IS NOT NULL AS is_unwanted,
    coalesce(submitted_at, created_at) AS submitted_at
FROM generations
WHERE state = 'running' AND due_at <= now() AND upstream_id = %(upstream_id)s AND prediction_id IS NOT NULL
ORDER BY coalesce(submitted_at, created_at) DESC, id
LIMIT %(at_most)s
