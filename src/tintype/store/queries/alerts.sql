-- Changes nothing; the open alerts, newest first.
SELECT id, kind, subject, message, facts, times, created_at, seen_at
FROM alerts
WHERE resolved_at IS NULL
ORDER BY seen_at DESC, id DESC
