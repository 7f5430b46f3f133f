-- Makes a limit or changes the one of that scope, subject, measure and period; returns its id.
INSERT INTO limits (scope, subject, measure, period, zone, amount)
VALUES (%(scope)s, %(subject)s, %(measure)s, %(period)s, %(zone)s, %(amount)s)
ON CONFLICT (scope, subject, measure, period) DO UPDATE SET amount = excluded.amount, zone = excluded.zone
RETURNING id
