-- Changes nothing; what an owner thought of the latest of what was made for them, as ratings from 1 to 5; approving a
-- proof that was not rated says 5. Under a name that was used before, what was said until then.
SELECT g.model, coalesce(g.input ->> 'prompt', '') AS prompt, coalesce(r.rating, 5) AS rating
FROM (
    SELECT o.id, o.model, o.input FROM generations AS o
    WHERE o.key_id = %(key)s AND o.end_user IS NOT DISTINCT FROM %(user)s::text
    ORDER BY o.id DESC
    LIMIT %(looked_at)s
) AS g
LEFT JOIN ratings AS r ON r.generation_id = g.id
LEFT JOIN LATERAL (
    SELECT min(p.approved_at) AS approved_at FROM approvals AS p WHERE p.proof_id = g.id
) AS a ON true
WHERE
    coalesce(r.rated_at, a.approved_at) < coalesce(
        (
            SELECT i.created_at FROM idempotency AS i
            WHERE i.key_id = %(key)s AND i.name = %(name)s::text AND i.expires_at > now()
        ),
        'infinity'
    )
ORDER BY coalesce(r.rated_at, a.approved_at) DESC
LIMIT %(at_most)s
