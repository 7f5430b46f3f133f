-- Finds whose secret it is, and notes its use once a minute; who changes the key meanwhile is not waited for.
WITH
    found AS MATERIALIZED (
        SELECT
            k.id, k.name, k.scopes, k.models, k.expires_at, k.last_used_at,
            k.revoked_at IS NULL AND coalesce(least(k.expires_at, s.retires_at) > now(), true) AS is_good,
            extract(epoch FROM least(k.expires_at, s.retires_at) - now())::double precision AS counts_for_s
        FROM key_secrets AS s
        JOIN keys AS k ON k.id = s.key_id
        WHERE s.hash = %(hash)s
    ),
    unnoted AS MATERIALIZED (
        SELECT k.id, set_config('synchronous_commit', 'off', true) AS quick
        FROM keys AS k
        JOIN found AS f USING (id)
        WHERE f.is_good AND coalesce(k.last_used_at < now() - interval '1 minute', true)
        FOR NO KEY UPDATE OF k SKIP LOCKED
    ),
    noted AS (
        UPDATE keys AS k SET last_used_at = now() FROM unnoted AS u WHERE k.id = u.id AND u.quick IS NOT NULL
    )
SELECT id, name, scopes, models, expires_at, is_good, counts_for_s FROM found
