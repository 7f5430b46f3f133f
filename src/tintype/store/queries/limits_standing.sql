-- Changes nothing; each limit that a chain meets, with what counts against it in the window of now.
SELECT
    n.limit_id, n.scope, n.subject, n.measure, n.period, n.zone, n.amount,
    coalesce(c.held, 0) AS held, coalesce(c.spent, 0) AS spent,
    CASE WHEN isfinite(n.window_start) THEN n.window_start END AS window_start,
    CASE WHEN n.period <> 'total' THEN tintype_window_end(n.period, n.zone, n.window_start) END AS window_end
FROM unnest(tintype_needs(%(key)s, %(user)s, %(project)s, now(), 1, 1, 1, 1, 1)) AS n
LEFT JOIN counters AS c USING (limit_id, subject, window_start)
ORDER BY n.limit_id
