-- Changes nothing; whether anything is to be looked for.
SELECT EXISTS (
    SELECT FROM generations WHERE state = 'unknown' AND due_at <= now() AND upstream_id = %(upstream_id)s
) AS is_due
