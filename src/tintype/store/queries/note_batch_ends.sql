-- Notes which calls of a batch have ended. Returns how many are under way.
WITH ended AS (
    UPDATE batch_calls AS c SET has_ended = true
    FROM generations AS g
    WHERE c.batch_id = %(id)s AND c.generation_id IS NOT NULL AND NOT c.has_ended
        AND g.id = c.generation_id AND g.finished_at IS NOT NULL
    RETURNING c.number
)
SELECT count(*)::integer
FROM batch_calls AS c
WHERE c.batch_id = %(id)s AND c.generation_id IS NOT NULL AND NOT c.has_ended
    AND c.number NOT IN (SELECT e.number FROM ended AS e)
