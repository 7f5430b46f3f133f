-- Revokes a key for good; no row when it was revoked before.
UPDATE keys SET revoked_at = now() WHERE id = %(key_id)s AND revoked_at IS NULL
