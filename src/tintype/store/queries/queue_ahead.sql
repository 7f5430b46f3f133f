-- Changes nothing; how many generations wait for their create, and how fast creates may be sent.
SELECT
    (
        SELECT count(*) FROM procrastinate_jobs AS j
        WHERE j.queue_name = 'submit' AND j.status = 'todo' AND coalesce(j.scheduled_at <= now(), true)
    ) AS waiting,
    t.permits_per_minute
FROM throttle AS t
WHERE t.upstream_id = %(upstream_id)s AND t.lane = 'creates'
