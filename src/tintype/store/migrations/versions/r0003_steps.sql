-- A finishing step is a generation that works on what another of its order makes.

ALTER TABLE generations ADD COLUMN follows text COLLATE "C";
CREATE INDEX generations_follows ON generations (follows) WHERE follows IS NOT NULL AND finished_at IS NULL;

-- Admit an order of which some generations follow others; `follows` in the request names both of each pair.
CREATE FUNCTION tintype_admit_steps(p_request jsonb, p_at timestamptz DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_answer jsonb := tintype_admit(p_request, p_at);
BEGIN
    IF v_answer ->> 'outcome' = 'admitted' THEN
        UPDATE generations AS g SET follows = pair.follows
        FROM jsonb_to_recordset(p_request -> 'follows') AS pair (id text, follows text)
        WHERE g.id = pair.id;
    END IF;
    RETURN v_answer;
END
$$;
