-- Changes nothing; predictions that were paid for and belong to nobody: those that are not in the book yet (`orphan`),
-- or those whose outputs are to be stored (`storing`).
SELECT a.token, a.generation_id, g.key_id, g.request_id, a.number, a.prediction_id, a.status
FROM attempts AS a
JOIN generations AS g ON g.id = a.generation_id
WHERE a.outcome = %(outcome)s AND g.upstream_id = %(upstream_id)s
ORDER BY a.intent_at
LIMIT %(at_most)s
