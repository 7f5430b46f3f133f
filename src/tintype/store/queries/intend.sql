-- Commits the intent to POST with number, token and times; NULL when it must not be sent.
SELECT tintype_intend(%(id)s, %(token)s, %(dead_after_s)s)
