-- Changes nothing; batches of an account that are to be looked at, behind one of them, the oldest first.
SELECT
    b.id, b.key_id, b.end_user, b.project, b.state, b.asked, b.budget_nano_usd, b.request_id,
    k.revoked_at IS NOT NULL OR coalesce(k.expires_at <= now(), false) AS is_key_gone
FROM batches AS b
JOIN keys AS k ON k.id = b.key_id
WHERE b.upstream_id = %(upstream_id)s AND b.finished_at IS NULL AND b.due_at <= now()
    AND (%(after)s::text IS NULL OR b.id > %(after)s)
ORDER BY b.id
LIMIT %(at_most)s
