-- Admits what is asked for as proofs, all or none, in one round trip.
SELECT tintype_admit_proofs(%(request)s, %(at)s) || jsonb_build_object('at', coalesce(%(at)s, now()))
