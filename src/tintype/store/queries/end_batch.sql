-- Lets nothing more of a batch be bought; one that has ended stays as it is.
UPDATE batches SET state = %(state)s, waits_for = %(why)s, due_at = now()
WHERE id = %(id)s AND state IN ('open', 'stopped') AND finished_at IS NULL
