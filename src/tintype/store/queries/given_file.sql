-- Changes nothing; a file that a generation of the key's was given, in the shape of an upload.
SELECT
    o.sha256 AS id, g.key_id, o.sha256, '' AS md5, i.field AS name, o.content_type, o.size_bytes, '{}'::jsonb AS metadata,
    g.created_at, g.created_at + interval '24 hours' AS expires_at
FROM inputs AS i
JOIN generations AS g ON g.id = i.generation_id
JOIN objects AS o ON o.sha256 = i.sha256
WHERE i.sha256 = %(sha256)s AND g.key_id = %(key_id)s AND g.deleted_at IS NULL
ORDER BY g.id DESC
LIMIT 1
