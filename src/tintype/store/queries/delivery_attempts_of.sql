-- Changes nothing; the log of a delivery, oldest first.
SELECT a.number, a.at, a.status, a.error, a.elapsed_ms
FROM delivery_attempts AS a
WHERE a.delivery_id = %(delivery_id)s
ORDER BY a.number
