-- Changes nothing; rows of a batch after one of them, in their order, with what became of them.
SELECT
    s.number, s.line, s.model, s.input, s.problem, s.place, s.count, s.state, s.same_as, s.generation_ids, s.skips,
    s.counts, s.failure_code, s.failure_message, s.cost_nano_usd, s.reasons
FROM batch_standing AS s
WHERE s.batch_id = %(id)s AND s.number > %(after)s AND (%(state)s::text IS NULL OR s.state = %(state)s)
ORDER BY s.number
LIMIT %(at_most)s
