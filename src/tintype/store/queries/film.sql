-- Changes nothing; the film of an order, with who asked for it and how.
SELECT
    f.order_id, o.key_id, o.plan, f.state, f.failure_code, f.failure_message, f.sha256, f.content_type,
    f.size_bytes, f.width, f.height, f.duration_ms, f.poster_sha256,
    f.created_at, f.finished_at
FROM films AS f
JOIN orders AS o ON o.id = f.order_id
WHERE f.order_id = %(order_id)s
