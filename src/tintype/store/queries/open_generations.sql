-- Changes nothing; the ids of an owner's generations that have not ended, oldest first.
SELECT g.id
FROM generations AS g
WHERE
    g.key_id = %(key)s
    AND (%(user)s::text IS NULL OR g.end_user = %(user)s)
    AND g.finished_at IS NULL
    AND g.deleted_at IS NULL
ORDER BY g.id
LIMIT %(at_most)s
