-- Callbacks in the manner of Replicate's: not of the end alone, but of the start, of logs and of outputs as well.
-- Which of them are wanted stands in `asked.facts`; who says nothing there is told of the end.

ALTER TABLE deliveries
ADD COLUMN kind text NOT NULL DEFAULT 'completed' CHECK (kind IN ('start', 'logs', 'output', 'completed')),
DROP CONSTRAINT deliveries_generation_id_event_number_key;
CREATE INDEX deliveries_generation ON deliveries (generation_id, event_number);
CREATE UNIQUE INDEX deliveries_end ON deliveries (generation_id, event_number) WHERE kind = 'completed';

-- Owe a callback. What tells of progress waits once at most, and half a second after the last of its kind.
CREATE FUNCTION tintype_owe_one(p_id text, p_number integer, p_url text, p_kind text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_after_s double precision := 0;
BEGIN
    IF p_kind <> 'completed' THEN
        IF EXISTS (
            SELECT FROM deliveries AS d WHERE d.generation_id = p_id AND d.kind = p_kind AND d.state = 'waiting'
                AND d.attempts = 0 AND d.next_at <= now() + interval '1 second'
        ) THEN
            RETURN;
        END IF;
        SELECT coalesce(greatest(extract(epoch FROM max(d.created_at) + interval '0.5 second' - now()), 0), 0)
        INTO v_after_s
        FROM deliveries AS d WHERE d.generation_id = p_id AND d.kind = p_kind;
    END IF;
    INSERT INTO deliveries (id, generation_id, event_number, url, kind, next_at)
    VALUES (
        'msg_' || replace(gen_random_uuid()::text, '-', ''), p_id, p_number, p_url, p_kind,
        now() + make_interval(secs => v_after_s)
    )
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM tintype_call_back(p_id, v_after_s);
    END IF;
END
$$;

-- A callback is owed from the moment its event is committed, whoever wrote the event.
CREATE OR REPLACE FUNCTION tintype_owe()
RETURNS trigger LANGUAGE plpgsql AS $$
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

-- What is seen of a run while it goes on.
CREATE FUNCTION tintype_owe_progress()
RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER generations_owe AFTER UPDATE OF progress, started_at ON generations
FOR EACH ROW WHEN (
    NEW.callback_url IS NOT NULL AND (
        NEW.progress IS DISTINCT FROM OLD.progress OR (OLD.started_at IS NULL AND NEW.started_at IS NOT NULL)
    )
)
EXECUTE FUNCTION tintype_owe_progress();
