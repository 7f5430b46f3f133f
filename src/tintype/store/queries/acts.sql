-- Changes nothing; acts of administration, the newest first.
SELECT id, at, key_id, action, subject, facts
FROM audit
WHERE %(before)s::bigint IS NULL OR id < %(before)s
ORDER BY id DESC
LIMIT %(at_most)s
