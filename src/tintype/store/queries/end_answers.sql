-- Notes which answers were written to their end, and which were not.
UPDATE answers AS a SET
    answered_at = CASE WHEN w.is_whole THEN now() END,
    holder = CASE WHEN w.is_whole THEN a.holder END
FROM unnest(%(hands)s::text[], %(wholes)s::boolean[]) AS w (hand, is_whole)
WHERE a.hand = w.hand
