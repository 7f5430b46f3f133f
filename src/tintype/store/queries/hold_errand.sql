-- Lets one connection at a time look after an order, as long as it lives; false when another does.
SELECT pg_try_advisory_lock(hashtextextended(%(id)s, 7712))
