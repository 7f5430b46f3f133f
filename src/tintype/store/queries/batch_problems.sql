-- Changes nothing; the first broken rows of a batch, and what is wrong with them.
SELECT r.number, r.line, coalesce(r.place, min(c.place)) AS place, coalesce(r.problem, min(c.problem)) AS problem
FROM batch_rows AS r
LEFT JOIN batch_calls AS c
    ON c.batch_id = r.batch_id AND c.digest = r.digest AND c.problem IS NOT NULL
    AND c.skip < r.skip + r.count AND c.skip + c.count > r.skip
WHERE r.batch_id = %(id)s AND (r.problem IS NOT NULL OR c.problem IS NOT NULL)
GROUP BY r.batch_id, r.number
ORDER BY r.number
LIMIT %(at_most)s
