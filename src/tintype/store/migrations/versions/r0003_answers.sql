-- Requests of old clients, who ask again without saying that it is the same: what they are answered is noted, so
-- that who never got an answer is given what it bought the first time.

-- How a generation was asked for, where it is told of in another shape than our own.
CREATE TABLE asked (
    generation_id text COLLATE "C" PRIMARY KEY,
    dialect text NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}'
);

-- One row per answer that is to be written, or was within the last minutes. `hand` is the request that it is
-- written to, `holder` the process, which holds the advisory lock of that number as long as it lives.
CREATE TABLE answers (
    hand text PRIMARY KEY,
    -- The key, and a fingerprint of route and body.
    name text NOT NULL,
    -- NULL: its connection was closed before it was written.
    holder integer,
    generation_ids text[] NOT NULL,
    order_id text COLLATE "C",
    -- The how-manieth repetition its request called itself; 0 for none.
    repetition integer NOT NULL DEFAULT 0,
    asked_at timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX answers_name ON answers (name);

-- What stands for a request at the gate: its Idempotency-Key, or what an equal request is known by.
CREATE OR REPLACE FUNCTION tintype_name(p_request jsonb)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT concat_ws('/', p_request ->> 'key', coalesce(
        p_request -> 'idempotency' ->> 'name', p_request -> 'answer' ->> 'fingerprint'
    ))
$$;

ALTER FUNCTION tintype_admit(jsonb, timestamptz) RENAME TO tintype_admit_anew;

-- Admit a request, or join an earlier one whose answer never came (`answer`); see tintype_admit_anew.
CREATE FUNCTION tintype_admit(p_request jsonb, p_at timestamptz DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_said jsonb;
BEGIN
    IF p_request ? 'answer' THEN
        v_said := tintype_join(p_request);
        IF v_said IS NOT NULL THEN
            RETURN v_said;
        END IF;
    END IF;
    v_said := tintype_admit_anew(p_request, p_at);
    IF p_request ? 'asked' AND v_said ->> 'outcome' = 'admitted' THEN
        INSERT INTO asked (generation_id, dialect, facts)
        SELECT g ->> 'id', p_request -> 'asked' ->> 'dialect', p_request -> 'asked' -> 'facts'
        FROM jsonb_array_elements(p_request -> 'generations') AS g;
    END IF;
    IF p_request ? 'answer' AND v_said ->> 'outcome' = 'admitted' THEN
        INSERT INTO answers (hand, name, holder, generation_ids, order_id, repetition)
        SELECT
            p_request -> 'answer' ->> 'hand', tintype_name(p_request), (p_request -> 'answer' ->> 'holder')::integer,
            array_agg(g ->> 'id'), v_said ->> 'order_id', (p_request -> 'answer' ->> 'repetition')::integer
        FROM jsonb_array_elements(v_said -> 'generations') AS g;
    END IF;
    RETURN v_said;
END
$$;

-- Give an equal request, under two minutes old, whose answer was not written to its end; NULL where there is none. One
-- that says to be a repetition is given any. From then on the answer is this request's to write.
CREATE FUNCTION tintype_join(p_request jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_answer jsonb := p_request -> 'answer';
    v_repetition integer := (v_answer ->> 'repetition')::integer;
    v_earlier answers;
BEGIN
    PERFORM tintype_gate(ARRAY[tintype_name(p_request)], 1953066614);
    SELECT * INTO v_earlier FROM answers AS a
    WHERE a.name = tintype_name(p_request) AND a.asked_at > now() - interval '120 seconds'
        AND (
            a.hand = v_answer ->> 'hand'
            OR v_repetition > 0
            OR (a.answered_at IS NULL AND tintype_is_left(a.holder))
        )
    ORDER BY
        a.hand = v_answer ->> 'hand' DESC, a.answered_at IS NOT NULL OR a.holder IS NOT NULL,
        -- Equal requests of several callers may all be repeated: each means one that was repeated once less, and
        -- most likely the newest of them.
        CASE WHEN v_repetition > 0 THEN a.repetition <> v_repetition - 1 END,
        a.answered_at IS NOT NULL,
        CASE WHEN v_repetition > 0 THEN a.asked_at END DESC,
        a.asked_at
    LIMIT 1;
    IF NOT FOUND THEN
        -- Who asked for the same may have hung up just now, and the news be on its way: of another process, or of a
        -- caller who has waited for a while.
        IF NOT (v_answer ->> 'has_waited')::boolean AND EXISTS (
            SELECT FROM answers AS a
            WHERE a.name = tintype_name(p_request) AND a.answered_at IS NULL
                AND a.asked_at > now() - interval '120 seconds'
                AND (a.holder <> (v_answer ->> 'holder')::integer OR a.asked_at < now() - interval '0.5 second')
        ) THEN
            RETURN jsonb_build_object('outcome', 'under_way');
        END IF;
        RETURN NULL;
    END IF;
    UPDATE answers SET
        hand = v_answer ->> 'hand', holder = (v_answer ->> 'holder')::integer, repetition = v_repetition,
        asked_at = now(), answered_at = NULL
    WHERE hand = v_earlier.hand;
    RETURN jsonb_build_object(
        'outcome', 'repeated', 'order_id', v_earlier.order_id, 'generation_ids', to_jsonb(v_earlier.generation_ids)
    );
END
$$;

-- Whether nobody is left to write an answer: its connection was closed, or the lock of its process is free.
CREATE FUNCTION tintype_is_left(p_holder integer)
RETURNS boolean LANGUAGE sql AS $$
    SELECT p_holder IS NULL OR pg_try_advisory_xact_lock_shared(1953066615, p_holder)
$$;

-- As before, and the gate knows answers too.
CREATE OR REPLACE FUNCTION tintype_admit_several(p_requests jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
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
