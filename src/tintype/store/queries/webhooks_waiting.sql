-- Changes nothing; webhooks that were taken in a while ago and had no effect yet, oldest first.
SELECT webhook_id, token, body
FROM inbox
WHERE handled_at IS NULL AND received_at < now() - make_interval(secs => %(after_s)s)
ORDER BY received_at
LIMIT %(at_most)s
