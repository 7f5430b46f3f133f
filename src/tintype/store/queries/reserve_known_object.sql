-- Keeps an object that is known for a while without a further row that names it; none when it is not there any more.
UPDATE objects AS o
SET reserved_until = greatest(o.reserved_until, now() + make_interval(secs => %(for_s)s))
WHERE o.sha256 = %(sha256)s
