-- Gives calls of a batch the generations that equal calls of an earlier one of the key's have, but for failed ones.
UPDATE batch_calls AS c SET generation_id = g.id, has_ended = g.finished_at IS NOT NULL
FROM batch_calls AS was
JOIN batches AS b ON b.id = was.batch_id AND b.key_id = %(key)s
JOIN generations AS g ON g.id = was.generation_id
    AND g.deleted_at IS NULL AND g.state NOT IN ('failed', 'canceled', 'aborted')
WHERE c.batch_id = %(id)s AND was.batch_id = %(earlier)s
    AND was.digest = c.digest AND was.skip = c.skip AND was.count = c.count
