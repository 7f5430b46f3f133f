-- Changes nothing; the next calls of a batch that are to be bought, with the input of their first row.
SELECT c.number, c.skip, c.count, r.model, r.input
FROM batch_calls AS c
JOIN batch_rows AS r ON r.batch_id = c.batch_id AND r.number = c.row_number
WHERE c.batch_id = %(id)s AND c.generation_id IS NULL AND c.problem IS NULL
ORDER BY c.number
LIMIT %(at_most)s
