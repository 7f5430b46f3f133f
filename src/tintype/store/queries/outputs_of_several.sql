-- Changes nothing; the outputs of some generations, each's in their order.
SELECT
    o.generation_id, o.position, o.sha256, o.upstream_sha256, o.upstream_url, o.content_type, o.size_bytes, o.width,
    o.height, o.duration_ms, o.thumbnail_sha256, o.blurred, o.note
FROM outputs AS o
WHERE o.generation_id = ANY(%(ids)s)
ORDER BY o.generation_id, o.position
