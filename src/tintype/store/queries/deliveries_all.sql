-- Changes nothing; callbacks, the newest first: a key's, or all.
SELECT
    d.id, d.generation_id, d.event_number, d.url, d.state, d.attempts, d.created_at, d.next_at, d.ends_at,
    d.delivered_at, extract(epoch FROM d.ends_at - now())::double precision AS left_s
FROM deliveries AS d
JOIN generations AS g ON g.id = d.generation_id
WHERE
    g.key_id = %(key)s
    AND (%(id)s::text IS NULL OR d.id = %(id)s)
    AND (%(generation_id)s::text IS NULL OR d.generation_id = %(generation_id)s)
    AND (%(state)s::text IS NULL OR d.state = %(state)s)
    AND (%(before)s::text IS NULL OR d.id < %(before)s)
ORDER BY d.id DESC
LIMIT %(at_most)s
