-- Changes nothing; generations whose sender is gone: their intent was not answered, and nobody sends it any more.
SELECT g.id, g.key_id, g.request_id, g.attempts, g.intent_token
FROM generations AS g
WHERE g.state = 'submitting' AND g.due_at <= now() AND g.dead_at <= now() AND g.upstream_id = %(upstream_id)s
ORDER BY g.due_at
LIMIT %(at_most)s
