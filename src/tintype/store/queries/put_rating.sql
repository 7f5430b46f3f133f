-- Rates a generation that succeeded, in place of a rating before; nothing where it has not.
INSERT INTO ratings (generation_id, rating)
SELECT g.id, %(rating)s FROM generations AS g
WHERE g.id = %(id)s AND g.state = 'succeeded' AND g.deleted_at IS NULL
ON CONFLICT (generation_id) DO UPDATE SET rating = excluded.rating, rated_at = now()
RETURNING rated_at
