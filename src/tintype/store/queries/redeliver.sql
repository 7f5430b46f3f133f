-- Lets a delivery begin anew, and defers its job; the number of rows is 0 when there is none of this id.
WITH anew AS (
    UPDATE deliveries SET state = 'waiting', next_at = now(), ends_at = now() + interval '24 hours'
    WHERE id = %(id)s
    RETURNING generation_id
)
SELECT tintype_call_back(generation_id) FROM anew
