-- Takes a batch's lock, and says whether it was cancelled and something of it still ends.
SELECT b.state = 'canceled' AND EXISTS (
    SELECT FROM batch_calls AS c JOIN generations AS g ON g.id = c.generation_id
    WHERE c.batch_id = b.id AND NOT c.has_ended AND g.finished_at IS NULL
)
FROM batches AS b WHERE b.id = %(id)s FOR UPDATE OF b
