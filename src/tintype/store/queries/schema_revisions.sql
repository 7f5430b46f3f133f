-- Changes nothing; every migration this database has had, oldest first.
SELECT revision, oldest_code, code
FROM tintype_revisions
ORDER BY revision
