-- Changes nothing; what a link leads to, an output or an order's film, and whether that was deleted.
SELECT g.model, g.deleted_at IS NOT NULL AS is_deleted, o.sha256, o.content_type, o.thumbnail_sha256
FROM generations AS g
LEFT JOIN outputs AS o ON o.generation_id = g.id AND o.position = %(position)s
WHERE g.id = %(generation_id)s
UNION ALL
SELECT 'film', f.state = 'succeeded' AND f.sha256 IS NULL, f.sha256, f.content_type, f.poster_sha256
FROM films AS f
WHERE f.order_id = %(generation_id)s AND %(position)s = 0
