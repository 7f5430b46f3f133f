-- Changes nothing; whatever counters, holds, generations and book say differently of the same amount.
WITH booked AS (
    SELECT
        generation_id,
        sum(CASE WHEN credit = 'held' THEN amount_nano_usd WHEN debit = 'held' THEN -amount_nano_usd ELSE 0 END)
            AS held,
        sum(CASE WHEN credit = 'spent' THEN amount_nano_usd WHEN debit = 'spent' THEN -amount_nano_usd ELSE 0 END)
            AS spent
    FROM ledger
    GROUP BY generation_id
),
counted AS (
    SELECT
        h.limit_id, h.subject, h.window_start,
        sum(CASE WHEN h.measure <> 'money' AND h.spent IS NULL THEN h.amount
            WHEN h.measure = 'money' THEN coalesce(b.held, 0) ELSE 0 END) AS held,
        sum(CASE WHEN h.measure = 'money' THEN coalesce(b.spent, 0) ELSE coalesce(h.spent, 0) END) AS spent
    FROM holds AS h
    LEFT JOIN booked AS b USING (generation_id)
    GROUP BY h.limit_id, h.subject, h.window_start
)
SELECT 'counter.held' AS what, format('%%s %%s %%s', c.limit_id, c.subject, c.window_start) AS subject,
    c.held AS written, coalesce(n.held, 0)::bigint AS expected
FROM counters AS c
LEFT JOIN counted AS n USING (limit_id, subject, window_start)
WHERE c.held <> coalesce(n.held, 0)
UNION ALL
SELECT 'counter.spent', format('%%s %%s %%s', c.limit_id, c.subject, c.window_start),
    c.spent, coalesce(n.spent, 0)::bigint
FROM counters AS c
LEFT JOIN counted AS n USING (limit_id, subject, window_start)
WHERE c.spent <> coalesce(n.spent, 0)
    AND NOT EXISTS (SELECT FROM limits AS l WHERE l.id = c.limit_id AND l.measure = 'rate')
UNION ALL
SELECT 'generation.held', g.id, CASE WHEN g.settled_at IS NULL THEN g.hold_nano_usd ELSE 0 END,
    coalesce(b.held, 0)::bigint
FROM generations AS g
LEFT JOIN booked AS b ON b.generation_id = g.id
WHERE CASE WHEN g.settled_at IS NULL THEN g.hold_nano_usd ELSE 0 END <> coalesce(b.held, 0)
UNION ALL
SELECT 'generation.spent', g.id, coalesce(g.cost_nano_usd, 0), coalesce(b.spent, 0)::bigint
FROM generations AS g
LEFT JOIN booked AS b ON b.generation_id = g.id
WHERE coalesce(g.cost_nano_usd, 0) <> coalesce(b.spent, 0)
UNION ALL
SELECT 'book.generation', b.generation_id, 1, 0
FROM booked AS b
WHERE NOT EXISTS (SELECT FROM generations AS g WHERE g.id = b.generation_id)
