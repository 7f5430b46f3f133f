-- Takes an Idempotency-Key for a batch, nothing where it is taken: by whatever was asked for, its day not being over.
-- What it names is the batch, in place of an order.
INSERT INTO idempotency AS i (key_id, name, fingerprint, order_id, generation_ids, created_at, expires_at)
VALUES (
    %(key)s, %(name)s, %(fingerprint)s, %(id)s, '{}', now(), now() + make_interval(secs => %(keep_s)s)
)
ON CONFLICT (key_id, name) DO UPDATE
SET fingerprint = excluded.fingerprint, order_id = excluded.order_id, generation_ids = excluded.generation_ids,
    created_at = excluded.created_at, expires_at = excluded.expires_at
WHERE i.expires_at <= now()
