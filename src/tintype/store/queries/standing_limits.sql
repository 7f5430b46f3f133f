-- Changes nothing; what is left of the limits that have a subject of their own, the least by scope, measure and period.
SELECT
    l.scope, l.measure,
    CASE WHEN l.period ~ '^[0-9]' THEN 'seconds' ELSE l.period END AS period,
    min(l.amount - coalesce(c.held, 0) - coalesce(c.spent, 0))::bigint AS least_left,
    count(*) FILTER (WHERE l.amount <= coalesce(c.held, 0) + coalesce(c.spent, 0)) AS used_up
FROM (
    SELECT
        id, scope, subject, measure, period,
        CASE WHEN override_until > now() THEN override_amount ELSE amount END AS amount,
        tintype_window_start(period, zone, now()) AS window_start
    FROM limits
    WHERE subject <> '*' AND subject NOT LIKE '%%/*' AND measure <> 'rate'
) AS l
LEFT JOIN counters AS c ON c.limit_id = l.id AND c.subject = l.subject AND c.window_start = l.window_start
GROUP BY 1, 2, 3
