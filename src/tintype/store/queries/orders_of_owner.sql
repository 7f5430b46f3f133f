-- Changes nothing; a page of an owner's orders, newest first, with what their generations come to.
SELECT
    o.id, o.key_id, o.kind, o.plan, o.metadata, o.created_at, summed.states, summed.estimate_nano_usd,
    summed.held_nano_usd, summed.cost_nano_usd, summed.finished_at
FROM orders AS o
CROSS JOIN LATERAL (
    SELECT
        array_agg(g.state ORDER BY g.position) FILTER (WHERE g.replaced_by IS NULL AND g.deleted_at IS NULL) AS states,
        coalesce(sum(g.estimate_nano_usd) FILTER (WHERE g.replaced_by IS NULL), 0)::bigint AS estimate_nano_usd,
        coalesce(sum(g.hold_nano_usd) FILTER (WHERE g.finished_at IS NULL), 0)::bigint AS held_nano_usd,
        coalesce(sum(g.cost_nano_usd), 0)::bigint AS cost_nano_usd,
        CASE WHEN bool_and(g.finished_at IS NOT NULL) THEN max(g.finished_at) END AS finished_at
    FROM generations AS g
    WHERE g.order_id = o.id AND (%(user)s::text IS NULL OR g.end_user = %(user)s)
) AS summed
WHERE
    o.key_id = %(key)s
    AND (%(kind)s::text IS NULL OR o.kind = %(kind)s)
    AND (%(before)s::text IS NULL OR o.id < %(before)s)
    AND summed.states IS NOT NULL
ORDER BY o.id DESC
LIMIT %(at_most)s
