-- Locks a key, so that its secrets change one at a time.
SELECT id FROM keys WHERE id = %(key_id)s FOR UPDATE
