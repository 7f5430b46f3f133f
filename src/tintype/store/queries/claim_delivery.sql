-- Takes a generation's first due delivery for a while, so that no other worker sends it at the same time.
UPDATE deliveries AS d SET next_at = now() + make_interval(secs => %(for_s)s)
WHERE d.id = (
    SELECT due.id FROM deliveries AS due
    WHERE due.generation_id = %(generation_id)s AND due.state = 'waiting' AND due.next_at <= now()
    ORDER BY due.event_number, array_position(ARRAY['start', 'logs', 'output', 'completed'], due.kind)
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING
    d.id, d.generation_id, d.event_number, d.kind, d.url, d.state, d.attempts, d.created_at, d.next_at, d.ends_at,
    d.delivered_at, extract(epoch FROM d.ends_at - now())::double precision AS left_s, d.body
