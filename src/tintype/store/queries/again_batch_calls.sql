-- Lets calls that ended without success, or could not be asked for, be bought anew; what they cost stays in the sum.
UPDATE batch_calls AS c
SET past = CASE WHEN c.generation_id IS NULL THEN c.past ELSE c.past || c.generation_id END,
    generation_id = NULL, has_ended = false, problem = NULL, place = NULL
WHERE c.batch_id = %(id)s AND (
    c.problem IS NOT NULL
    OR c.generation_id IN (
        SELECT g.id FROM generations AS g
        WHERE g.id = c.generation_id AND g.state IN ('failed', 'canceled', 'aborted')
    )
)
