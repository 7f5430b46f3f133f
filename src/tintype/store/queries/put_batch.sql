-- Writes a batch that is not there yet, nothing where its key has one under the same Idempotency-Key.
INSERT INTO batches (
    id, key_id, end_user, project, upstream_id, name, budget_nano_usd, asked, plan, idempotency, request_id
)
VALUES (
    %(id)s, %(key)s, %(user)s, %(project)s, %(upstream_id)s, %(name)s, %(budget)s, %(asked)s, %(plan)s, %(idempotency)s,
    %(request_id)s
)
ON CONFLICT (key_id, idempotency) DO NOTHING
