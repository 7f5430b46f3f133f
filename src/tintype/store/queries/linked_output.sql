-- Changes nothing; what a link leads to, and whether its generation was deleted.
SELECT g.model, g.deleted_at IS NOT NULL AS is_deleted, o.sha256, o.content_type, o.thumbnail_sha256
FROM generations AS g
LEFT JOIN outputs AS o ON o.generation_id = g.id AND o.position = %(position)s
WHERE g.id = %(generation_id)s
