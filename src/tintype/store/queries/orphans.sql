-- Changes nothing; predictions that were paid for and belong to nobody, and are not in the book yet.
SELECT a.token, a.generation_id, a.prediction_id
FROM attempts AS a
JOIN generations AS g ON g.id = a.generation_id
WHERE a.outcome = 'orphan' AND g.upstream_id = %(upstream_id)s
ORDER BY a.intent_at
LIMIT %(at_most)s
