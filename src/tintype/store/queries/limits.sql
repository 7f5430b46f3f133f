-- Changes nothing; every limit there is.
SELECT id, scope, subject, measure, period, zone, amount, override_amount, override_until
FROM limits
ORDER BY id
