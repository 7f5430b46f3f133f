-- Deletes a generation's outputs, those of its orphans, and what names its input files; returns the objects they named.
WITH
    made AS (DELETE FROM outputs WHERE generation_id = %(generation_id)s RETURNING sha256, thumbnail_sha256),
    extra AS (DELETE FROM orphan_outputs WHERE generation_id = %(generation_id)s RETURNING sha256),
    given AS (DELETE FROM inputs WHERE generation_id = %(generation_id)s RETURNING sha256)
SELECT sha256 FROM made
UNION SELECT thumbnail_sha256 FROM made WHERE thumbnail_sha256 IS NOT NULL
UNION SELECT sha256 FROM extra
UNION SELECT sha256 FROM given
