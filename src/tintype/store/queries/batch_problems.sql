-- Changes nothing; the first broken rows of a batch, and what is wrong with them.
SELECT s.number, s.line, s.place, s.problem
FROM batch_standing AS s
WHERE s.batch_id = %(id)s AND s.state = 'broken'
ORDER BY s.number
LIMIT %(at_most)s
