-- Changes nothing; the orders of a key that were asked for by commands and are not delivered, oldest first.
SELECT o.id, o.kind, o.plan, coalesce(o.metadata -> 'saved', '[]') AS saved, o.created_at
FROM orders AS o
WHERE
    o.key_id = %(key)s
    AND o.kind = ANY(%(kinds)s)
    AND o.metadata ->> 'delivered' IS NULL
    AND o.plan ->> 'folder' IS NOT NULL
ORDER BY o.id
LIMIT %(at_most)s
