-- Lets nothing more of a batch be bought; whether it did.
UPDATE batches SET state = 'canceled', waits_for = NULL, due_at = now()
WHERE id = %(id)s AND state IN ('open', 'stopped')
