-- What is kept and told once a prediction has succeeded, or a generation has ended.

-- Defer the job that stores a generation's outputs. Upstream deletes them an hour after completion, so who was
-- completed first goes first: seconds since 2026, negated.
CREATE FUNCTION tintype_capture(p_id text, p_after_s double precision DEFAULT 0)
RETURNS void LANGUAGE sql AS $$
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ('capture', 'capture',
         -extract(epoch FROM coalesce(g.completed_at, now()) - timestamptz '2026-01-01 00:00:00Z')::integer,
         NULL, NULL, jsonb_build_object('generation_id', g.id),
         CASE WHEN p_after_s > 0 THEN now() + make_interval(secs => p_after_s) END
        )::procrastinate_job_to_defer_v1
    ])
    FROM generations AS g
    WHERE g.id = p_id
$$;

-- A callback is owed from the moment its event is committed, whoever wrote the event.
CREATE FUNCTION tintype_owe()
RETURNS trigger LANGUAGE plpgsql AS $$
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

-- Defer the job that delivers what a generation owes.
CREATE FUNCTION tintype_call_back(p_id text, p_after_s double precision DEFAULT 0)
RETURNS void LANGUAGE sql AS $$
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ('callback', 'callback', 0, NULL, NULL, jsonb_build_object('generation_id', p_id),
         CASE WHEN p_after_s > 0 THEN now() + make_interval(secs => p_after_s) END
        )::procrastinate_job_to_defer_v1
    ])
$$;

CREATE TRIGGER events_owe AFTER INSERT ON events
FOR EACH ROW WHEN (NEW.state IN ('succeeded', 'failed', 'canceled', 'aborted'))
EXECUTE FUNCTION tintype_owe();
