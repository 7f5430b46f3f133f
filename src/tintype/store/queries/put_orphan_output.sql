-- Writes down one output of a prediction that belongs to nobody; the first to be written stays.
INSERT INTO orphan_outputs (
    generation_id, prediction_id, position, sha256, upstream_url, content_type, size_bytes, width, height, note
)
VALUES (
    %(generation_id)s, %(prediction_id)s, %(position)s, %(sha256)s, %(upstream_url)s, %(content_type)s,
    %(size_bytes)s, %(width)s, %(height)s, %(note)s
)
ON CONFLICT DO NOTHING
