-- Takes a batch's lock, and says how it stands; NULL where there is none of it.
SELECT state FROM batches WHERE id = %(id)s FOR UPDATE
