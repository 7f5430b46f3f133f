-- Ends the connection of a leader that has said nothing for a while: its process stands still.
SELECT pg_terminate_backend(l.pid)
FROM pg_locks AS l
JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 1953066612 AND l.objsubid = 2
    AND l.objid = 1000 + %(upstream_id)s::integer
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND a.state_change < now() - make_interval(secs => %(silent_s)s)
