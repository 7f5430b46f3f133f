-- Changes nothing; a key's upload while it is there.
SELECT u.id, u.key_id, u.sha256, u.md5, u.name, u.content_type, u.size_bytes, u.metadata, u.created_at, u.expires_at
FROM uploads AS u
WHERE u.id = %(id)s AND u.key_id = %(key_id)s AND u.expires_at > now()
