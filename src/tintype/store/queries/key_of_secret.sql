-- Finds whose secret it is, and notes its use once a minute.
WITH
    found AS (
        SELECT
            k.id, k.name, k.scopes, k.models, k.expires_at, k.last_used_at,
            k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true) AND coalesce(s.retires_at > now(), true)
                AS is_good
        FROM key_secrets AS s
        JOIN keys AS k ON k.id = s.key_id
        WHERE s.hash = %(hash)s
    ),
    used AS (
        UPDATE keys AS k SET last_used_at = now()
        FROM found AS f
        WHERE k.id = f.id AND f.is_good AND coalesce(f.last_used_at < now() - interval '1 minute', true)
    )
SELECT id, name, scopes, models, expires_at, is_good FROM found
