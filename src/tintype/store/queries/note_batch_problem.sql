-- Notes why a call of a batch cannot be asked for; nothing is bought for it.
UPDATE batch_calls SET problem = %(problem)s, place = %(place)s
WHERE batch_id = %(id)s AND number = %(number)s AND generation_id IS NULL
