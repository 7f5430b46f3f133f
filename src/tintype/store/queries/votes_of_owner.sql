-- Changes nothing; what an owner thought of the latest of what was made for them, as ratings from 1 to 5; approving a
-- proof rates it. Under a name that was used before, what was said until then. Only the latest of the key are looked
-- at, whoever of its end users they were for.
SELECT g.model, left(coalesce(g.input ->> 'prompt', ''), 1000) AS prompt, r.rating
FROM (
    SELECT o.id, o.model, o.input, o.end_user FROM generations AS o
    WHERE o.key_id = %(key)s
    ORDER BY o.id DESC
    LIMIT %(looked_at)s
) AS g
JOIN ratings AS r ON r.generation_id = g.id
WHERE
    g.end_user IS NOT DISTINCT FROM %(user)s::text
    AND r.rated_at < coalesce(
        (
            SELECT i.created_at FROM idempotency AS i
            WHERE i.key_id = %(key)s AND i.name = %(name)s::text AND i.expires_at > now()
        ),
        'infinity'
    )
ORDER BY r.rated_at DESC
LIMIT %(at_most)s
