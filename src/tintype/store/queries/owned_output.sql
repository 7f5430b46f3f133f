-- Changes nothing; the hash of an output, its thumbnail or a film, where it is the actor's and still there.
SELECT CASE WHEN %(is_thumbnail)s THEN o.thumbnail_sha256 ELSE o.sha256 END
FROM outputs AS o
JOIN generations AS g ON g.id = o.generation_id
WHERE
    o.generation_id = %(generation_id)s
    AND o.position = %(position)s
    AND g.key_id = %(key)s
    AND (%(user)s::text IS NULL OR g.end_user = %(user)s)
    AND g.deleted_at IS NULL
UNION ALL
SELECT f.sha256
FROM films AS f
WHERE
    f.order_id = %(generation_id)s
    AND NOT %(is_thumbnail)s
    AND EXISTS (
        SELECT FROM generations AS g
        WHERE g.order_id = f.order_id AND g.key_id = %(key)s AND (%(user)s::text IS NULL OR g.end_user = %(user)s)
    )
