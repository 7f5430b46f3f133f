-- Counts one more from an address within its window; returns the count, and when the window ends in seconds.
INSERT INTO address_counts AS c (address, what, window_start, count)
VALUES (%(address)s, %(what)s, now(), 1)
ON CONFLICT (address, what) DO UPDATE
SET window_start = CASE WHEN c.window_start + make_interval(secs => %(per_s)s) <= now() THEN now() ELSE c.window_start END,
    count = CASE WHEN c.window_start + make_interval(secs => %(per_s)s) <= now() THEN 1 ELSE c.count + 1 END
RETURNING
    c.count,
    extract(epoch FROM c.window_start + make_interval(secs => %(per_s)s) - now())::double precision AS ends_in_s
