-- Changes nothing; the newest batch of a key's whose maker wrote this place into its plan.
SELECT id FROM batches WHERE key_id = %(key)s AND plan ->> 'place' = %(place)s ORDER BY id DESC LIMIT 1
