-- Defers the jobs of those that waited for a generation to end.
SELECT tintype_enqueue(g.id)
FROM generations AS g
WHERE g.follows = %(id)s AND g.finished_at IS NULL
ORDER BY g.id
