-- Makes the calls of a batch that has none: those of an earlier one of the key's that did not fail, and what these leave.
WITH equal AS (
    SELECT r.digest, min(r.number) AS first, max(r.skip + r.count) AS total, max(r.per_call) AS per_call
    FROM batch_rows AS r
    WHERE r.batch_id = %(id)s AND r.problem IS NULL
    GROUP BY r.digest
),
had AS (
    SELECT was.digest, was.skip, was.count, was.generation_id, g.finished_at IS NOT NULL AS has_ended
    FROM batch_calls AS was
    JOIN batches AS b ON b.id = was.batch_id AND b.key_id = %(key)s
    JOIN equal AS e ON e.digest = was.digest AND e.total > was.skip
    JOIN generations AS g ON g.id = was.generation_id
        AND g.deleted_at IS NULL AND g.state NOT IN ('failed', 'canceled', 'aborted')
    WHERE was.batch_id = %(earlier)s
),
missing AS (
    SELECT e.digest, generate_series(0, e.total - 1) AS place FROM equal AS e
    EXCEPT
    SELECT h.digest, generate_series(h.skip, h.skip + h.count - 1) FROM had AS h
),
stretches AS (
    SELECT s.digest, min(s.place) AS skip, count(*)::integer AS count
    FROM (
        SELECT m.digest, m.place, m.place - row_number() OVER (PARTITION BY m.digest ORDER BY m.place) AS stretch
        FROM missing AS m
    ) AS s
    GROUP BY s.digest, s.stretch
),
calls AS (
    SELECT h.digest, h.skip, h.count, h.generation_id, h.has_ended FROM had AS h
    UNION ALL
    SELECT s.digest, s.skip + piece.skip, least(e.per_call, s.count - piece.skip), NULL, false
    FROM stretches AS s
    JOIN equal AS e ON e.digest = s.digest
    CROSS JOIN generate_series(0, s.count - 1, e.per_call) AS piece (skip)
),
made AS (
    INSERT INTO batch_calls (batch_id, number, row_number, digest, skip, count, generation_id, has_ended)
    SELECT %(id)s, row_number() OVER (ORDER BY e.first, c.skip), e.first, c.digest, c.skip, c.count,
        c.generation_id, c.has_ended
    FROM calls AS c
    JOIN equal AS e ON e.digest = c.digest
    RETURNING number
)
UPDATE batches SET call_count = (SELECT count(*) FROM made) WHERE id = %(id)s
