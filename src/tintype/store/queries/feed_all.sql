-- Changes nothing; state events in the order of their transactions, up to the oldest that still runs, because a
-- later one may be committed first.
SELECT e.xid::text AS xid, e.generation_id, e.number, e.state, e.body, e.at, g.key_id, g.order_id
FROM events AS e
JOIN generations AS g ON g.id = e.generation_id
WHERE (e.xid, e.generation_id, e.number) > (%(xid)s::text::xid8, %(generation_id)s, %(number)s)
    AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY e.xid, e.generation_id, e.number
LIMIT %(at_most)s
