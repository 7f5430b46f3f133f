-- Makes the calls that a batch's rows take; ends it where there are none. Returns how many.
WITH planned AS (SELECT tintype_batch_plan(%(id)s) AS calls)
UPDATE batches AS b
SET call_count = p.calls, row_count = %(rows)s, broken_count = %(broken)s, warnings = %(warnings)s,
    state = CASE WHEN p.calls = 0 THEN 'ended' ELSE 'open' END,
    finished_at = CASE WHEN p.calls = 0 THEN now() END
FROM planned AS p
WHERE b.id = %(id)s
RETURNING p.calls
