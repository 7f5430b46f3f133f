-- Changes nothing; those of these keys that count: there, not revoked, not past their time.
SELECT id FROM keys
WHERE id = ANY(%(ids)s::text[]) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
