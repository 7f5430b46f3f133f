-- Locks the key of an id or a name, so that its secrets change one at a time; a revoked one has no name any more.
SELECT id FROM keys
WHERE id <> 'local' AND (id = %(named)s OR (name = %(named)s AND revoked_at IS NULL))
FOR NO KEY UPDATE
