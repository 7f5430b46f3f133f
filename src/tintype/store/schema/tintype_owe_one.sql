CREATE FUNCTION public.tintype_owe_one(p_id text, p_number integer, p_url text, p_kind text) RETURNS void
    LANGUAGE plpgsql
    AS $$
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
