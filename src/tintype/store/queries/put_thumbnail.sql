-- Gives every output with these bytes its thumbnail, whichever generations they are of.
UPDATE outputs SET thumbnail_sha256 = %(thumbnail_sha256)s, blurred = %(blurred)s
WHERE sha256 = %(sha256)s AND thumbnail_sha256 IS NULL
