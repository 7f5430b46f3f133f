-- Says when a batch is looked at next, and why nothing is bought until then.
UPDATE batches SET waits_for = %(why)s, due_at = now() + make_interval(secs => %(after_s)s)
WHERE id = %(id)s AND finished_at IS NULL
