-- Notes that an order's files were delivered; doing so again changes nothing.
UPDATE orders
SET metadata = metadata || '{"delivered": true}'
WHERE id = %(id)s AND metadata ->> 'delivered' IS NULL
