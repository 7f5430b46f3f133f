-- Changes nothing; keys but the local owner's, the newest first: a page of all, or the one of an id or name.
SELECT
    k.id, k.name, k.scopes, k.models, k.created_at, k.expires_at, k.revoked_at, k.last_used_at,
    CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' WHEN k.expires_at <= now() THEN 'expired' ELSE 'good' END AS state,
    (
        SELECT coalesce(array_agg(s.hint ORDER BY s.created_at DESC), '{}')
        FROM key_secrets AS s
        WHERE s.key_id = k.id AND coalesce(s.retires_at > now(), true)
    ) AS hints
FROM keys AS k
WHERE
    k.id <> 'local'
    AND (%(named)s::text IS NULL OR k.id = %(named)s OR (k.name = %(named)s AND k.revoked_at IS NULL))
    AND (%(before)s::text IS NULL OR k.id < %(before)s)
ORDER BY k.id DESC
LIMIT %(at_most)s
