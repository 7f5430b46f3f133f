CREATE FUNCTION public.tintype_stand_in() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    UPDATE approvals SET final_id = NEW.replaced_by WHERE final_id = NEW.id;
    INSERT INTO proofs (generation_id, final_model, final_nano_usd)
    SELECT NEW.replaced_by, p.final_model, p.final_nano_usd FROM proofs AS p WHERE p.generation_id = NEW.id;
    RETURN NULL;
END
$$;
