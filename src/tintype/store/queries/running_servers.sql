-- Changes nothing; names the servers and workers of Tintype that are connected to this database.
SELECT DISTINCT application_name AS name
FROM pg_stat_activity
WHERE
    datname = current_database()
    AND pid <> pg_backend_pid()
    AND (application_name LIKE 'tintype serve%%' OR application_name LIKE 'tintype worker%%')
ORDER BY 1
