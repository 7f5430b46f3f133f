-- Changes nothing; the generations of an order by their position, as they are, each with the place of its last event.
SELECT
    g.id AS generation_id, g.state AS state_now, g.events_last, g.progress_percent, g.finished_at IS NOT NULL AS is_final,
    e.xid::text AS xid
FROM generations AS g
JOIN events AS e ON e.generation_id = g.id AND e.number = g.events_last
WHERE g.order_id = %(order_id)s AND g.replaced_by IS NULL AND g.deleted_at IS NULL
ORDER BY g.position, g.id
