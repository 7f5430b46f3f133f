-- Changes nothing; where generations came from, by their ids.
SELECT g.id, g.key_id, g.request_id
FROM generations AS g
WHERE g.id = ANY(%(ids)s)
