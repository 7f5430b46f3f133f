-- Changes nothing; how many workers beat, and how many callbacks are owed.
SELECT
    (
        SELECT count(*) FROM procrastinate_workers
        WHERE last_heartbeat > now() - make_interval(secs => %(stalled_s)s)
    ) AS workers,
    (SELECT count(*) FROM deliveries WHERE state = 'waiting') AS callbacks
