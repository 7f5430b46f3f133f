-- Changes nothing; generations in a state that a job is to lead out of, without one: their account was away, or a
-- job was deleted by hand.
SELECT g.id, g.key_id, g.request_id, g.state
FROM generations AS g
WHERE g.upstream_id = %(upstream_id)s AND g.finished_at IS NULL AND g.joined_to IS NULL
    AND g.state IN ('queued', 'capturing')
    AND g.created_at < now() - interval '10 seconds'
    AND (g.due_at IS NULL OR g.due_at <= now())
    AND NOT EXISTS (
        SELECT FROM procrastinate_jobs AS j
        WHERE j.queue_name IN ('submit', 'capture', 'print') AND j.status IN ('todo', 'doing')
            AND j.args ->> 'generation_id' = g.id
            AND (j.queue_name = 'submit') = (g.state = 'queued')
    )
ORDER BY g.id
LIMIT %(at_most)s
