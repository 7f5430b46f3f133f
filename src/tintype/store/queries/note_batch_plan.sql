-- Adds to what a batch's maker wrote down.
UPDATE batches SET plan = plan || %(also)s WHERE id = %(id)s
