-- What was admitted before: by a hand whose answer may be given again, or under an Idempotency-Key; else nothing. A
-- hand that is found is the caller's from now on; nothing else changes.
SELECT CASE
    WHEN asked.request ? 'answer' THEN tintype_join(asked.request)
    ELSE (
        SELECT tintype_repeated(i.key_id, asked.request -> 'idempotency')
        FROM idempotency AS i
        WHERE i.key_id = asked.request ->> 'key' AND i.name = asked.request -> 'idempotency' ->> 'name'
            AND i.expires_at > now()
    )
END
FROM (SELECT %(request)s::jsonb AS request) AS asked
