-- Changes nothing; whose attempts these tokens are.
SELECT token, generation_id FROM attempts WHERE token = ANY (%(tokens)s)
