-- Changes nothing; the callbacks of a key's generations, those of the newest first: a page of all, or one.
SELECT
    d.id, d.generation_id, d.event_number, d.kind, d.url, d.state, d.attempts, d.created_at, d.next_at, d.ends_at,
    d.delivered_at, extract(epoch FROM d.ends_at - now())::double precision AS left_s
FROM deliveries AS d
JOIN generations AS g ON g.id = d.generation_id
WHERE
    g.key_id = %(key)s
    AND (%(id)s::text IS NULL OR d.id = %(id)s)
    AND (%(generation_id)s::text IS NULL OR d.generation_id = %(generation_id)s)
    AND (%(state)s::text IS NULL OR d.state = %(state)s)
    AND (
        %(before)s::text IS NULL
        OR (d.generation_id, d.event_number, d.id) < (%(before)s, %(before_number)s::integer, %(before_id)s)
    )
ORDER BY d.generation_id DESC, d.event_number DESC, d.id DESC
LIMIT %(at_most)s
