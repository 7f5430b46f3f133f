-- Changes nothing; a page of a key's batches, newest first.
SELECT
    b.id, b.key_id, b.end_user, b.project, b.name, b.state, b.budget_nano_usd, b.asked, b.plan, b.warnings, b.row_count,
    b.broken_count, b.call_count, b.waits_for, b.created_at, b.finished_at
FROM batches AS b
WHERE b.key_id = %(key)s
    AND (%(user)s::text IS NULL OR b.end_user = %(user)s)
    AND (%(before)s::text IS NULL OR b.id < %(before)s)
ORDER BY b.id DESC
LIMIT %(at_most)s
