-- Returns the mark of the key that this database's secrets are sealed with; the first to come sets it, and who opens
-- what was sealed with the one before replaces it.
INSERT INTO sealed_with AS s (mark)
VALUES (%(mark)s)
ON CONFLICT (only_row) DO UPDATE
SET mark = CASE WHEN s.mark = ANY (%(older)s::bytea[]) THEN excluded.mark ELSE s.mark END
RETURNING mark
