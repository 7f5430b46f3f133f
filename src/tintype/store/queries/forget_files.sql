-- Deletes a generation's outputs, those of its orphans, the film that it is a clip of, and what names its input files;
-- returns the objects they named.
WITH
    made AS (DELETE FROM outputs WHERE generation_id = %(generation_id)s RETURNING sha256, thumbnail_sha256),
    extra AS (DELETE FROM orphan_outputs WHERE generation_id = %(generation_id)s RETURNING sha256),
    film AS (
        UPDATE films AS f
        SET sha256 = NULL, poster_sha256 = NULL
        FROM (
            SELECT shown.order_id, shown.sha256, shown.poster_sha256
            FROM films AS shown
            JOIN generations AS g ON g.order_id = shown.order_id
            WHERE g.id = %(generation_id)s AND shown.sha256 IS NOT NULL
            FOR UPDATE OF shown
        ) AS was
        WHERE f.order_id = was.order_id
        RETURNING was.sha256, was.poster_sha256
    ),
    given AS (DELETE FROM inputs WHERE generation_id = %(generation_id)s RETURNING sha256)
SELECT sha256 FROM made
UNION SELECT thumbnail_sha256 FROM made WHERE thumbnail_sha256 IS NOT NULL
UNION SELECT sha256 FROM extra
UNION SELECT sha256 FROM film
UNION SELECT poster_sha256 FROM film WHERE poster_sha256 IS NOT NULL
UNION SELECT sha256 FROM given
