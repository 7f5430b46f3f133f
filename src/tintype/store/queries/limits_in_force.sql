-- Changes nothing; limits with what counts against them in the window of now, for their own subject.
SELECT
    l.id, l.scope, l.subject, k.name AS key_name, l.measure, l.period, l.zone, l.amount,
    CASE WHEN l.override_until > now() THEN l.override_amount END AS override_amount,
    CASE WHEN l.override_until > now() THEN l.override_until END AS override_until,
    CASE WHEN l.override_until > now() THEN l.override_amount ELSE l.amount END AS amount_now,
    coalesce(c.held, 0) AS held, coalesce(c.spent, 0) AS spent,
    CASE WHEN l.period <> 'total' THEN tintype_window_end(l.period, l.zone, win.start) END AS window_end
FROM limits AS l
CROSS JOIN LATERAL (SELECT tintype_window_start(l.period, l.zone, now()) AS start) AS win
LEFT JOIN counters AS c ON c.limit_id = l.id AND c.subject = l.subject AND c.window_start = win.start
LEFT JOIN keys AS k
    ON l.scope IN ('key', 'user') AND k.id = split_part(l.subject, '/', 1) AND k.id <> 'local' AND k.revoked_at IS NULL
WHERE
    (%(id)s::bigint IS NULL OR l.id = %(id)s)
    AND (%(scope)s::text IS NULL OR l.scope = %(scope)s)
    AND (%(subject)s::text IS NULL OR l.subject = %(subject)s)
ORDER BY l.scope, l.subject, l.measure, l.period
