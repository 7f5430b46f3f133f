CREATE FUNCTION public.tintype_owe() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO deliveries (id, generation_id, event_number, url)
    SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), g.id, NEW.number, g.callback_url
    FROM generations AS g
    WHERE g.id = NEW.generation_id AND g.callback_url IS NOT NULL
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM tintype_call_back(NEW.generation_id);
    END IF;
    RETURN NULL;
END
$$;
