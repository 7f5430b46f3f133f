-- Writes an act of administration down.
INSERT INTO audit (key_id, action, subject, facts) VALUES (%(key_id)s, %(action)s, %(subject)s, %(facts)s)
