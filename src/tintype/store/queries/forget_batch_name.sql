-- Frees an Idempotency-Key of a batch that is older than a day.
UPDATE batches SET idempotency = NULL
WHERE key_id = %(key)s AND idempotency = %(idempotency)s AND created_at < now() - interval '24 hours'
