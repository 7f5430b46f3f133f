-- Forgets the files of a batch that is made whole; its generations name what they were given.
DELETE FROM batch_files AS f USING batches AS b
WHERE f.batch_id = %(id)s AND b.id = f.batch_id AND b.state = 'ended' AND b.finished_at IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM batch_calls AS c
        LEFT JOIN generations AS g ON g.id = c.generation_id
        WHERE c.batch_id = b.id AND g.state IS DISTINCT FROM 'succeeded'
    )
