-- Changes nothing; what was booked since the day began (UTC), by kind.
SELECT l.kind, sum(l.amount_nano_usd)::bigint AS amount_nano_usd
FROM ledger AS l
WHERE l.kind IN ('charge', 'saved', 'loss') AND l.at >= date_trunc('day', now(), 'UTC')
GROUP BY l.kind
