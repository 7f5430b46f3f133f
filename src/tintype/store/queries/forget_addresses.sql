-- Forgets what came from addresses a day ago.
DELETE FROM address_counts WHERE window_start < now() - interval '1 day'
