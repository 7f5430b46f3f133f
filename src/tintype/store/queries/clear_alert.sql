-- Resolves an open alert; returns what it was about, NULL when there is none of this id.
UPDATE alerts SET resolved_at = now()
WHERE id = %(id)s AND resolved_at IS NULL
RETURNING kind || ' ' || subject
