-- Admits or refuses each of several requests for itself, with one commit for all.
SELECT tintype_admit_several(%(requests)s)
