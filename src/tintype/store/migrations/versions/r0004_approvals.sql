-- Proofs, and the finals that were made of those that were approved.

-- What was asked for as a proof: what the same would have cost as a final, all of its pictures.
CREATE TABLE proofs (
    generation_id text COLLATE "C" PRIMARY KEY,
    final_model text NOT NULL,
    final_nano_usd bigint NOT NULL CHECK (final_nano_usd >= 0)
);

-- `pick` counts the outputs of the proof from 0. One final for each, whoever asks and however often.
CREATE TABLE approvals (
    proof_id text COLLATE "C" NOT NULL,
    pick integer NOT NULL CHECK (pick >= 0),
    final_id text COLLATE "C" NOT NULL,
    approved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (proof_id, pick)
);
CREATE UNIQUE INDEX approvals_final ON approvals (final_id);

-- Admit what was asked for as proofs; `proofs` in the request says what each would cost as a final.
CREATE FUNCTION tintype_admit_proofs(p_request jsonb, p_at timestamptz DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_answer jsonb;
BEGIN
    IF p_request ? 'follows' THEN
        v_answer := tintype_admit_steps(p_request, p_at);
    ELSE
        v_answer := tintype_admit(p_request, p_at);
    END IF;
    IF v_answer ->> 'outcome' = 'admitted' THEN
        INSERT INTO proofs (generation_id, final_model, final_nano_usd)
        SELECT one.id, one.final_model, one.final_nano_usd
        FROM jsonb_to_recordset(p_request -> 'proofs') AS one (id text, final_model text, final_nano_usd bigint);
    END IF;
    RETURN v_answer;
END
$$;

-- Admit the final of a picked proof; `approves` in the request names both. Who approves the same again is given the
-- first final, and nothing is held. An approval counts as the best of ratings where none was given.
CREATE FUNCTION tintype_admit_final(p_request jsonb, p_at timestamptz DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_proof text := p_request -> 'approves' ->> 'proof_id';
    v_pick integer := (p_request -> 'approves' ->> 'pick')::integer;
    v_answer jsonb;
BEGIN
    -- First of all locks: who approves the same at the same time waits here, and holds nothing that others wait for.
    INSERT INTO approvals (proof_id, pick, final_id)
    VALUES (v_proof, v_pick, p_request -> 'generations' -> 0 ->> 'id')
    ON CONFLICT (proof_id, pick) DO NOTHING;
    IF NOT FOUND THEN
        RETURN (
            SELECT jsonb_build_object(
                'outcome', 'repeated', 'order_id', NULL, 'generation_ids', jsonb_build_array(a.final_id)
            )
            FROM approvals AS a WHERE a.proof_id = v_proof AND a.pick = v_pick
        );
    END IF;
    v_answer := tintype_admit(p_request, p_at);
    IF v_answer ->> 'outcome' = 'admitted' THEN
        INSERT INTO ratings (generation_id, rating) VALUES (v_proof, 5) ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM approvals WHERE proof_id = v_proof AND pick = v_pick;
    END IF;
    RETURN v_answer;
END
$$;

-- What is repeated keeps what the one before it was: a proof, or the final of one.
CREATE FUNCTION tintype_stand_in()
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE approvals SET final_id = NEW.replaced_by WHERE final_id = NEW.id;
    INSERT INTO proofs (generation_id, final_model, final_nano_usd)
    SELECT NEW.replaced_by, p.final_model, p.final_nano_usd FROM proofs AS p WHERE p.generation_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER generations_stand_in AFTER UPDATE OF replaced_by ON generations
FOR EACH ROW WHEN (OLD.replaced_by IS NULL AND NEW.replaced_by IS NOT NULL)
EXECUTE FUNCTION tintype_stand_in();
