-- Changes nothing; which of these predictions belong to a generation or an attempt already.
SELECT g.prediction_id AS id
FROM generations AS g
WHERE g.upstream_id = %(upstream_id)s AND g.prediction_id = ANY (%(ids)s)
UNION
SELECT a.prediction_id
FROM attempts AS a
JOIN generations AS g ON g.id = a.generation_id
WHERE g.upstream_id = %(upstream_id)s AND a.prediction_id = ANY (%(ids)s)
