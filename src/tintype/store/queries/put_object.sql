-- Knows an object and locks its row until the transaction ends, so that nobody deletes its file meanwhile.
INSERT INTO objects AS o (sha256, content_type, size_bytes)
VALUES (%(sha256)s, %(content_type)s, %(size_bytes)s)
ON CONFLICT (sha256) DO UPDATE SET size_bytes = excluded.size_bytes
