-- Changes nothing; the migrations of Procrastinate's own that this database has had.
SELECT migration
FROM tintype_engine
ORDER BY migration
