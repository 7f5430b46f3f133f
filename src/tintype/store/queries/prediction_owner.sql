-- Changes nothing; the generation that a prediction was bought for, as far as that is known.
SELECT g.id
FROM generations AS g
WHERE g.upstream_id = %(upstream_id)s AND g.prediction_id = %(prediction_id)s
UNION ALL
SELECT a.generation_id
FROM attempts AS a
JOIN generations AS g ON g.id = a.generation_id
WHERE g.upstream_id = %(upstream_id)s AND a.prediction_id = %(prediction_id)s
LIMIT 1
