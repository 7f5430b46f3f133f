-- Makes a key with its first secret; no row when another that is not revoked has its name.
WITH made AS (
    INSERT INTO keys (id, name, scopes, models, expires_at)
    VALUES (%(id)s, %(name)s, %(scopes)s, %(models)s, %(expires_at)s)
    ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
    RETURNING id
)
INSERT INTO key_secrets (hash, key_id, hint)
SELECT %(hash)s, made.id, %(hint)s FROM made
