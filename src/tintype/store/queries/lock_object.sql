-- Locks an object against being named by a new row.
SELECT sha256 FROM objects WHERE sha256 = %(sha256)s FOR UPDATE
