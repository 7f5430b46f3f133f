-- Writes a batch that is not there yet.
INSERT INTO batches (
    id, key_id, end_user, project, upstream_id, name, budget_nano_usd, asked, plan, request_id
)
VALUES (
    %(id)s, %(key)s, %(user)s, %(project)s, %(upstream_id)s, %(name)s, %(budget)s, %(asked)s, %(plan)s, %(request_id)s
)
