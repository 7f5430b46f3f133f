-- Changes nothing; the batch that a key has under an Idempotency-Key.
SELECT id, fingerprint FROM batches WHERE key_id = %(key)s AND idempotency = %(idempotency)s
