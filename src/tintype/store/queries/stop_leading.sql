-- Gives the lead of an account's upkeep back.
SELECT pg_advisory_unlock(1953066612, 1000 + %(upstream_id)s::integer)
