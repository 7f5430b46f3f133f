-- Changes nothing; whether there are events that a running transaction holds back.
SELECT EXISTS (SELECT FROM events WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))
