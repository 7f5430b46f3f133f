-- Says that a process is alive, for as long as this connection lasts.
SELECT pg_try_advisory_lock(1953066615, %(holder)s)
