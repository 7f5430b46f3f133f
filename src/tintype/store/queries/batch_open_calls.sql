-- Changes nothing; what of a batch is bought, has not ended, and is not to be cancelled yet.
SELECT c.generation_id AS id
FROM batch_calls AS c
JOIN generations AS g ON g.id = c.generation_id
WHERE c.batch_id = %(id)s AND NOT c.has_ended AND g.finished_at IS NULL AND g.cancel_wished_at IS NULL
