-- Sets when generations that are not final are looked at next, in seconds from now.
UPDATE generations AS g
SET due_at = now() + make_interval(secs => n.after_s)
FROM unnest(%(ids)s::text[], %(after_s)s::double precision[]) AS n (id, after_s)
WHERE g.id = n.id AND g.finished_at IS NULL
