-- Changes nothing; every limit with what counts against it in the window of now, for its own subject.
SELECT
    l.id, l.scope, l.subject, l.measure, l.period, l.zone, l.amount, l.override_amount, l.override_until,
    coalesce(c.held, 0) AS held, coalesce(c.spent, 0) AS spent,
    CASE WHEN l.period <> 'total' THEN tintype_window_end(l.period, l.zone, win.start) END AS window_end
FROM limits AS l
CROSS JOIN LATERAL (SELECT tintype_window_start(l.period, l.zone, now()) AS start) AS win
LEFT JOIN counters AS c ON c.limit_id = l.id AND c.subject = l.subject AND c.window_start = win.start
WHERE
    (%(scope)s::text IS NULL OR l.scope = %(scope)s)
    AND (%(subject)s::text IS NULL OR l.subject = %(subject)s)
ORDER BY l.scope, l.subject, l.measure, l.period
