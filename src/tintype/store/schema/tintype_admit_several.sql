CREATE FUNCTION public.tintype_admit_several(p_requests jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_answers jsonb;
BEGIN
    PERFORM tintype_gate(ARRAY(
        SELECT tintype_name(r) FROM jsonb_array_elements(p_requests) AS r
        WHERE jsonb_typeof(r -> 'idempotency') = 'object' OR r ? 'answer'
    ), 1953066614);
    -- Which limits a chain meets does not depend on the amounts: asked for one of each, it shows all of them.
    PERFORM tintype_gate(ARRAY(
        SELECT n.limit_id || '/' || n.subject
        FROM (
            SELECT DISTINCT r ->> 'key' AS key_id, r ->> 'user' AS end_user, r ->> 'project' AS project
            FROM jsonb_array_elements(p_requests) AS r
        ) AS chain
        CROSS JOIN LATERAL unnest(
            tintype_needs(chain.key_id, chain.end_user, chain.project, now(), 1, 1, 1, 1, 1)
        ) AS n
    ));
    SELECT jsonb_agg(answered.answer ORDER BY answered.place) INTO v_answers
    FROM (
        SELECT r.place, tintype_admit(r.request) AS answer
        FROM (
            SELECT * FROM jsonb_array_elements(p_requests) WITH ORDINALITY AS r (request, place)
            ORDER BY r.request ->> 'owner' COLLATE "C", r.place
            OFFSET 0
        ) AS r
        OFFSET 0
    ) AS answered;
    RETURN v_answers;
END
$$;
