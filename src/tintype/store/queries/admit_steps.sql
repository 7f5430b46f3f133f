-- Admits an order of which some generations follow others, all or none, in one round trip.
SELECT tintype_admit_steps(%(request)s, %(at)s) || jsonb_build_object('at', coalesce(%(at)s, now()))
