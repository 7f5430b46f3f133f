-- Changes nothing; what a key has under an Idempotency-Key: the id of a batch where it is one, or of something else.
SELECT order_id AS id, fingerprint FROM idempotency
WHERE key_id = %(key)s AND name = %(name)s AND expires_at > now()
