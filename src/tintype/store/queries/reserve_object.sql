-- Knows an object and keeps it for a while without a row that names it.
INSERT INTO objects AS o (sha256, content_type, size_bytes, reserved_until)
VALUES (%(sha256)s, %(content_type)s, %(size_bytes)s, now() + make_interval(secs => %(for_s)s))
ON CONFLICT (sha256) DO UPDATE SET reserved_until = greatest(o.reserved_until, excluded.reserved_until)
