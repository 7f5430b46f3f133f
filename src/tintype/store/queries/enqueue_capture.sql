-- Defers the job that stores a generation's outputs; who was completed first goes first.
SELECT tintype_capture(%(id)s, %(after_s)s)
