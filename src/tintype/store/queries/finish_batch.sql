-- Ends a batch of which nothing is under way: ended, where nothing is left to be bought either.
UPDATE batches AS b
SET state = CASE WHEN b.state = 'open' THEN 'ended' ELSE b.state END, finished_at = now()
WHERE b.id = %(id)s AND b.finished_at IS NULL
    AND NOT EXISTS (
        SELECT FROM batch_calls AS c
        WHERE c.batch_id = b.id AND c.generation_id IS NOT NULL AND NOT c.has_ended
    )
    AND (b.state <> 'open' OR NOT EXISTS (
        SELECT FROM batch_calls AS c
        WHERE c.batch_id = b.id AND c.generation_id IS NULL AND c.problem IS NULL
    ))
