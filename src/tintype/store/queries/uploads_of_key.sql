-- Changes nothing; a page of what a key uploaded, newest first.
SELECT u.id, u.key_id, u.sha256, u.md5, u.name, u.content_type, u.size_bytes, u.metadata, u.created_at, u.expires_at
FROM uploads AS u
WHERE
    u.key_id = %(key_id)s
    AND (%(before)s::text IS NULL OR u.id < %(before)s)
    AND u.expires_at > now()
ORDER BY u.id DESC
LIMIT %(at_most)s
