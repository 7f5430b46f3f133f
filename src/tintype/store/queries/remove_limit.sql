-- Removes a limit and its counters; generations that hold in it settle without it.
DELETE FROM limits WHERE id = %(limit_id)s
