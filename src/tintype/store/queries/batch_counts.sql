-- Changes nothing; how many rows of a batch are how far.
SELECT s.state, count(*)::integer AS rows FROM batch_standing AS s WHERE s.batch_id = %(id)s GROUP BY s.state
