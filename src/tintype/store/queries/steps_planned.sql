-- Changes nothing; the steps that are to be done here on a generation's outputs, by their position.
SELECT o.plan -> 'finish' -> g.position::text
FROM generations AS g
JOIN orders AS o ON o.id = g.order_id
WHERE g.id = %(id)s
