-- Changes nothing; generations whose time is up and that the deadline would change: what waits, what runs and is due
-- for a look, what nothing was heard of for too long, what could not be stored while upstream had it. What is stored, and
-- being finished here, is left to that job, a day long.
SELECT g.id, g.key_id, g.request_id, extract(epoch FROM now() - g.deadline_at)::double precision AS over_s
FROM generations AS g
WHERE
    g.finished_at IS NULL
    AND g.deadline_at <= now()
    AND g.upstream_id = %(upstream_id)s
    AND (
        g.state = 'queued'
        OR (g.state = 'running' AND g.due_at <= now())
        OR g.deadline_at <= now() - make_interval(
            secs => CASE WHEN g.state = 'capturing' THEN %(storing_grace_s)s ELSE %(grace_s)s END
        )
    )
    AND NOT EXISTS (
        SELECT FROM procrastinate_jobs AS j
        WHERE g.state = 'capturing' AND g.deadline_at > now() - interval '1 day' AND j.queue_name = 'print' AND j.status IN ('todo', 'doing')
            AND j.args ->> 'generation_id' = g.id
    )
ORDER BY g.deadline_at
LIMIT %(at_most)s
