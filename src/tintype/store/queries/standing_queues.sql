-- Changes nothing; how many jobs of each queue are due or come later, and how long the oldest due one has been waiting.
SELECT
    q.queue_name AS queue, q.due, q.later,
    greatest(
        coalesce(
            extract(epoch FROM now() - greatest(
                j.scheduled_at,
                CASE q.queue_name
                    WHEN 'capture' THEN g.completed_at
                    WHEN 'thumbnail' THEN g.completed_at
                    WHEN 'callback' THEN g.finished_at
                    ELSE g.created_at
                END
            )),
            0
        ),
        0
    )::double precision AS oldest_s
FROM (
    SELECT
        w.queue_name,
        count(*) FILTER (WHERE w.is_due) AS due,
        count(*) FILTER (WHERE NOT w.is_due) AS later,
        min(w.id) FILTER (WHERE w.is_due) AS oldest
    FROM (
        SELECT id, queue_name, scheduled_at IS NULL OR scheduled_at <= now() AS is_due
        FROM procrastinate_jobs
        WHERE status = 'todo'
    ) AS w
    GROUP BY w.queue_name
) AS q
LEFT JOIN procrastinate_jobs AS j ON j.id = q.oldest
LEFT JOIN generations AS g ON g.id = j.args ->> 'generation_id'
