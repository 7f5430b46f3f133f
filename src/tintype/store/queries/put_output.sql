-- Writes down one output; the first to be written stays.
INSERT INTO outputs (
    generation_id, position, sha256, upstream_sha256, upstream_url, content_type, size_bytes, width, height,
    duration_ms, note
)
VALUES (
    %(generation_id)s, %(position)s, %(sha256)s, %(upstream_sha256)s, %(upstream_url)s, %(content_type)s,
    %(size_bytes)s, %(width)s, %(height)s, %(duration_ms)s, %(note)s
)
ON CONFLICT DO NOTHING
