-- Changes nothing; says which server process answers, whether it only reads, its encoding and its clock.
SELECT
    pg_backend_pid() AS pid,
    pg_is_in_recovery() AS reads_only,
    current_setting('server_encoding') AS encoding,
    current_setting('server_version_num')::integer AS version,
    extract(epoch FROM clock_timestamp())::double precision AS clock_s
