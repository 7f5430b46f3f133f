-- Marks a generation that has ended as deleted; its book and its events stay.
UPDATE generations SET deleted_at = now()
WHERE id = %(id)s AND finished_at IS NOT NULL AND deleted_at IS NULL
