-- Changes nothing; every origin and account that generations were pinned to.
SELECT id, origin, account, simulated
FROM upstreams
ORDER BY id
