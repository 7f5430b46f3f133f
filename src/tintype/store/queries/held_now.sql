-- Changes nothing; what is held for generations that have not ended.
SELECT coalesce(sum(g.hold_nano_usd), 0)::bigint
FROM generations AS g
WHERE
    g.settled_at IS NULL
    AND g.upstream_id IN (SELECT u.id FROM upstreams AS u WHERE u.simulated = %(simulated)s)
