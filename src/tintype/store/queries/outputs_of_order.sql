-- Changes nothing; the outputs of an order, generation by generation in their order.
SELECT
    o.generation_id, o.position, o.sha256, o.upstream_sha256, o.upstream_url, o.content_type, o.size_bytes,
    o.width, o.height, o.duration_ms, o.thumbnail_sha256, o.blurred, o.note
FROM generations AS g
JOIN outputs AS o ON o.generation_id = g.id
WHERE g.order_id = %(order_id)s AND g.replaced_by IS NULL
ORDER BY g.position, o.position
