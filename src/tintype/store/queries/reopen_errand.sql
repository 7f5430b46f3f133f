-- Notes that an order's files are to be delivered once more: something of it is made anew.
UPDATE orders SET metadata = metadata - 'delivered' WHERE id = %(id)s
