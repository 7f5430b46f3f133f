-- Lets another amount count until a time, after which the limit's own counts again.
UPDATE limits SET override_amount = %(amount)s, override_until = %(until)s WHERE id = %(limit_id)s
