-- Changes nothing; what a generation's orphans made, prediction by prediction.
SELECT
    o.generation_id, o.prediction_id, o.position, o.sha256, o.upstream_url, o.content_type, o.size_bytes, o.width,
    o.height, o.note
FROM orphan_outputs AS o
WHERE o.generation_id = %(generation_id)s
ORDER BY o.prediction_id, o.position
