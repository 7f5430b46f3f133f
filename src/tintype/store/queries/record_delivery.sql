-- Writes an attempt into the log, and what is to become of its delivery. One that was delivered stays so.
WITH told AS (
    UPDATE deliveries AS d SET
        attempts = d.attempts + 1,
        state = CASE WHEN d.state = 'delivered' THEN d.state ELSE %(state)s END,
        next_at = now() + make_interval(secs => %(after_s)s),
        delivered_at = CASE WHEN %(state)s = 'delivered' THEN coalesce(d.delivered_at, now()) ELSE d.delivered_at END
    WHERE d.id = %(id)s
    RETURNING d.id, d.attempts
)
INSERT INTO delivery_attempts (delivery_id, number, status, error, elapsed_ms)
SELECT told.id, told.attempts, %(status)s, %(error)s, %(elapsed_ms)s FROM told
