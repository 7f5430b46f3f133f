-- Lets a limit's own amount count again; no row when none stands in for it.
UPDATE limits SET override_amount = NULL, override_until = NULL
WHERE id = %(limit_id)s AND override_until > now()
