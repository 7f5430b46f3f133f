-- Changes nothing; what a generation's owner was told, or is to be.
SELECT
    d.id, d.generation_id, d.event_number, d.kind, d.url, d.state, d.attempts, d.created_at, d.next_at, d.ends_at,
    d.delivered_at, extract(epoch FROM d.ends_at - now())::double precision AS left_s, d.body
FROM deliveries AS d
WHERE d.generation_id = %(generation_id)s
ORDER BY d.event_number, d.created_at
