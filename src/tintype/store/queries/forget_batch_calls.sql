-- Takes back the calls of a batch that has bought nothing, so that others are made.
DELETE FROM batch_calls WHERE batch_id = %(id)s AND generation_id IS NULL
