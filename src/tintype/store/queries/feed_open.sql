-- Changes nothing; generations that have not ended, of one key or of all, newest first.
SELECT g.id AS generation_id, g.state AS state_now, g.events_last, g.progress_percent
FROM generations AS g
WHERE g.finished_at IS NULL AND (%(key_id)s::text IS NULL OR g.key_id = %(key_id)s)
ORDER BY g.id DESC
LIMIT %(at_most)s
