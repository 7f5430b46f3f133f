-- Notes that a generation's files of an order were saved where they were wanted.
UPDATE orders
SET metadata = metadata || jsonb_build_object('saved', coalesce(metadata -> 'saved', '[]') || to_jsonb(%(generation_id)s::text))
WHERE id = %(id)s
