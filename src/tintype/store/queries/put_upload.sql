-- Writes down a file that a key uploaded.
INSERT INTO uploads (id, key_id, sha256, md5, name, content_type, size_bytes, metadata, created_at, expires_at)
VALUES (
    %(id)s, %(key_id)s, %(sha256)s, %(md5)s, %(name)s, %(content_type)s, %(size_bytes)s, %(metadata)s,
    %(created_at)s, %(expires_at)s
)
