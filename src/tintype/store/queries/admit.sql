-- Admits all of a request or nothing of it, with holds, book, first events and jobs.
SELECT tintype_admit(%(request)s, %(at)s)
