-- Ends a film, and owes the callback that was asked for together with the job that sends it. One that was made stays.
WITH ended AS (
    UPDATE films
    SET state = %(state)s, failure_code = %(failure_code)s, failure_message = %(failure_message)s,
        sha256 = %(sha256)s, content_type = %(content_type)s, size_bytes = %(size_bytes)s, width = %(width)s,
        height = %(height)s, duration_ms = %(duration_ms)s, poster_sha256 = %(poster_sha256)s, finished_at = now()
    WHERE order_id = %(order_id)s AND state <> 'succeeded'
    RETURNING order_id
), owed AS (
    INSERT INTO deliveries (id, generation_id, event_number, url, body)
    SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), %(generation_id)s, 0, o.plan ->> 'callback_url', %(told)s
    FROM ended
    JOIN orders AS o ON o.id = ended.order_id
    WHERE o.plan ->> 'callback_url' IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING generation_id
)
SELECT tintype_call_back(owed.generation_id) FROM owed
