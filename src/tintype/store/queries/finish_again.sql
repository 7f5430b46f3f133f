-- Admits a generation in the stead of one that was made and not finished, with its outputs, once and for nothing.
SELECT tintype_finish_again(%(request)s, %(at)s) || jsonb_build_object('at', coalesce(%(at)s, now()))
