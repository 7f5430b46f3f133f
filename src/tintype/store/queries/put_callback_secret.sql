-- Gives a key a new secret; those before sign along for a while, and none for longer than it had left.
WITH retired AS (
    UPDATE callback_secrets SET retires_at = least(retires_at, now() + make_interval(secs => %(overlap_s)s))
    WHERE key_id = %(key_id)s AND coalesce(retires_at, 'infinity') > now()
)
INSERT INTO callback_secrets (key_id, secret) VALUES (%(key_id)s, %(secret)s)
