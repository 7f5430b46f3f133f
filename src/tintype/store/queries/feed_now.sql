-- Changes nothing; the first transaction whose events are still to come.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text
