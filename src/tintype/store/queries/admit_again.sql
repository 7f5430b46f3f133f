-- Admits a generation in the stead of one that has ended, once, with holds, book, first events and job; or nothing.
SELECT tintype_admit_again(%(request)s, %(at)s) || jsonb_build_object('at', coalesce(%(at)s, now()))
