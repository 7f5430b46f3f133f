-- Admits all of several requests as nearly all are, with one statement for each table; NULL when not all fit: nothing was done.
SELECT tintype_admit_plain(%(upstream_id)s, %(requests)s)
