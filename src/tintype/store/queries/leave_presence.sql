-- Says that a process is not there any more.
SELECT pg_advisory_unlock(1953066615, %(holder)s)
