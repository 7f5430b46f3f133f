CREATE FUNCTION public.tintype_owe_progress() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_kinds jsonb;
BEGIN
    SELECT a.facts -> 'events' INTO v_kinds FROM asked AS a WHERE a.generation_id = NEW.id;
    IF v_kinds ? 'start' AND OLD.started_at IS NULL AND NEW.started_at IS NOT NULL THEN
        PERFORM tintype_owe_one(NEW.id, NEW.events_last, NEW.callback_url, 'start');
    END IF;
    IF v_kinds ? 'logs' AND NEW.progress ->> 'logs_length' IS DISTINCT FROM OLD.progress ->> 'logs_length' THEN
        PERFORM tintype_owe_one(NEW.id, NEW.events_last, NEW.callback_url, 'logs');
    END IF;
    IF v_kinds ? 'output' AND NEW.progress ->> 'output' IS DISTINCT FROM OLD.progress ->> 'output' THEN
        PERFORM tintype_owe_one(NEW.id, NEW.events_last, NEW.callback_url, 'output');
    END IF;
    RETURN NULL;
END
$$;
