-- Lets nothing more of a batch be bought, as another goes on with it; what runs of it ends.
UPDATE batches SET state = 'stopped', waits_for = 'another batch goes on with it', due_at = now()
WHERE id = %(id)s AND key_id = %(key)s AND state = 'open'
