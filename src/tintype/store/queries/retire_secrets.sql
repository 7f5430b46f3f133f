-- Lets a key's secrets count for a while yet, and no longer.
UPDATE key_secrets SET retires_at = least(retires_at, now() + make_interval(secs => %(overlap_s)s))
WHERE key_id = %(key_id)s
