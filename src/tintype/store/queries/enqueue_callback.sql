-- Defers the job that delivers what a generation owes.
SELECT tintype_call_back(%(id)s, %(after_s)s)
