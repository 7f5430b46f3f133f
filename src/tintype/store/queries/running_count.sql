-- Changes nothing; how many wait for a look, now or later.
SELECT count(*) FROM generations WHERE due_at IS NOT NULL AND state = 'running' AND upstream_id = %(upstream_id)s
