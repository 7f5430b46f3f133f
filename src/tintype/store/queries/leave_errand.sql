-- Lets another look after an order.
SELECT pg_advisory_unlock(hashtextextended(%(id)s, 7712))
