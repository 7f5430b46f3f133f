-- Changes nothing; webhooks that were taken in a while ago and had no effect yet, oldest first; those of another account's
-- generations are left to whoever works for that.
SELECT i.webhook_id, i.token, i.body
FROM inbox AS i
WHERE i.handled_at IS NULL AND i.received_at < now() - make_interval(secs => %(after_s)s)
    AND NOT EXISTS (
        SELECT FROM attempts AS a
        JOIN generations AS g ON g.id = a.generation_id
        WHERE a.token = i.token AND g.upstream_id <> %(upstream_id)s
    )
ORDER BY i.received_at
LIMIT %(at_most)s
