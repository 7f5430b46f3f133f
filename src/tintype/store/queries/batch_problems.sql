-- Changes nothing; the first broken rows of a batch, and what is wrong with them. Each row looks its calls up: joined
-- whole they would be compared with each other where the tables have grown since they were analysed.
SELECT r.number, r.line, coalesce(r.place, made.place) AS place, coalesce(r.problem, made.problem) AS problem
FROM batch_rows AS r
LEFT JOIN LATERAL (
    SELECT min(c.problem) AS problem, min(c.place) AS place
    FROM batch_calls AS c
    WHERE c.batch_id = r.batch_id AND c.digest = r.digest AND c.problem IS NOT NULL
        -- No call makes as many as that, and the index finds what is between.
        AND c.skip > r.skip - 1000 AND c.skip < r.skip + r.count AND c.skip + c.count > r.skip
) AS made ON true
WHERE r.batch_id = %(id)s AND (r.problem IS NOT NULL OR made.problem IS NOT NULL)
ORDER BY r.number
LIMIT %(at_most)s
