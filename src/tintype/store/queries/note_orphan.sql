-- Writes down a prediction that was paid for and belongs to nobody, under the attempt that bought it, or one of the
-- generation's that bought nothing else.
UPDATE attempts AS a
SET prediction_id = %(prediction_id)s, outcome = 'orphan'
WHERE a.outcome <> 'lost' AND a.token = coalesce(
    %(token)s::text,
    (SELECT b.token FROM attempts AS b
     WHERE b.generation_id = %(id)s AND (b.prediction_id IS NULL OR b.prediction_id = %(prediction_id)s)
     ORDER BY b.number LIMIT 1)
)
