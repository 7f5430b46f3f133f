CREATE FUNCTION public.tintype_owe() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_url text;
    v_kinds jsonb;
BEGIN
    SELECT g.callback_url, coalesce(a.facts -> 'events', '["completed"]') INTO v_url, v_kinds
    FROM generations AS g
    LEFT JOIN asked AS a ON a.generation_id = g.id
    WHERE g.id = NEW.generation_id;
    IF v_url IS NULL THEN
        RETURN NULL;
    END IF;
    -- Files are outputs from when they are stored.
    IF v_kinds ? 'output' AND NEW.state = 'succeeded' THEN
        PERFORM tintype_owe_one(NEW.generation_id, NEW.number, v_url, 'output');
    END IF;
    IF v_kinds ? 'completed' THEN
        PERFORM tintype_owe_one(NEW.generation_id, NEW.number, v_url, 'completed');
    END IF;
    RETURN NULL;
END
$$;
