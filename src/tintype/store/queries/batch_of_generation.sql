-- Changes nothing; the batch that a generation was bought for, also where it was bought anew since.
SELECT c.batch_id FROM batch_calls AS c
WHERE c.generation_id = %(id)s OR (c.past <> '{}' AND c.past @> ARRAY[%(id)s]::text[])
LIMIT 1
