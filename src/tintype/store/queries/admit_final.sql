-- Admits the final of a picked proof, once; asked again it gives the first, and nothing is held.
SELECT tintype_admit_final(%(request)s, %(at)s) || jsonb_build_object('at', coalesce(%(at)s, now()))
