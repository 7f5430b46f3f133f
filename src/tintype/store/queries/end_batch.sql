-- Lets nothing more of a batch be bought; one that has ended stays as it is, and so does one that got another budget.
UPDATE batches SET state = %(state)s, waits_for = %(why)s, due_at = now()
WHERE id = %(id)s AND state IN ('open', 'stopped') AND finished_at IS NULL
    AND budget_nano_usd IS NOT DISTINCT FROM %(budget)s::bigint
