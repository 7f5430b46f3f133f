-- Takes the lead of an account's upkeep for as long as this connection lasts.
SELECT pg_try_advisory_lock(1953066612, 1000 + %(upstream_id)s::integer)
