-- Changes nothing; the generations of an account that have not ended, by state and model, with what they hold.
SELECT g.state, g.model, count(*) AS generations, sum(g.hold_nano_usd)::bigint AS held_nano_usd
FROM generations AS g
WHERE g.finished_at IS NULL AND g.upstream_id = %(upstream_id)s
GROUP BY g.state, g.model
