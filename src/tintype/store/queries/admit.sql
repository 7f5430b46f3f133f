-- Admits all of a request or nothing of it, with holds, book, first events and jobs; says when.
SELECT tintype_admit(%(request)s, %(at)s) || jsonb_build_object('at', coalesce(%(at)s, now()))
