-- Defers the job that submits a generation, with the priority of its start tag.
SELECT tintype_enqueue(%(id)s, %(after_s)s)
