-- Gives a key one more secret.
INSERT INTO key_secrets (hash, key_id, hint) VALUES (%(hash)s, %(key_id)s, %(hint)s)
