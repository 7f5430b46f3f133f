-- Keeps files for a batch, whose rows name them.
INSERT INTO batch_files (batch_id, sha256) SELECT %(id)s, given.sha256 FROM unnest(%(hashes)s::text[]) AS given (sha256)
