-- Changes nothing; in how many seconds a generation's next delivery is due, NULL when none waits.
SELECT extract(epoch FROM min(next_at) - now())::double precision FROM deliveries
WHERE generation_id = %(generation_id)s AND state = 'waiting'
