-- Opens a batch, or leaves it open, with another budget where one is given.
UPDATE batches
SET state = 'open', finished_at = NULL, waits_for = NULL, due_at = now(),
    budget_nano_usd = coalesce(%(budget)s, budget_nano_usd)
WHERE id = %(id)s
