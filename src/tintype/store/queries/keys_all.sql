-- Changes nothing; every key but the local owner's, the newest first, or the one of an id or name.
SELECT
    k.id, k.name, k.scopes, k.models, k.created_at, k.expires_at, k.revoked_at, k.last_used_at,
    array_remove(array_agg(s.hint ORDER BY s.created_at DESC), NULL) AS hints
FROM keys AS k
LEFT JOIN key_secrets AS s ON s.key_id = k.id AND coalesce(s.retires_at > now(), true)
WHERE
    k.id <> 'local'
    AND (%(named)s::text IS NULL OR k.id = %(named)s OR (k.name = %(named)s AND k.revoked_at IS NULL))
GROUP BY k.id
ORDER BY k.created_at DESC, k.id DESC
