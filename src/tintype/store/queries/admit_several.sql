-- Admits or refuses each of several requests for itself, with one commit for all; says when.
SELECT jsonb_build_object('answers', tintype_admit_several(%(requests)s), 'at', now())
