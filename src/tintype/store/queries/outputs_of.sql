-- Changes nothing; a generation's outputs in their order.
SELECT
    o.generation_id, o.position, o.sha256, o.upstream_sha256, o.upstream_url, o.content_type, o.size_bytes,
    o.width, o.height, o.duration_ms, o.thumbnail_sha256, o.blurred, o.note
FROM outputs AS o
WHERE o.generation_id = %(generation_id)s
ORDER BY o.position
