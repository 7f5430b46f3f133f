CREATE FUNCTION public.tintype_share(p_leader public.generations, p_joiner public.generations) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM tintype_settle(p_joiner, 0, 0, 0, NULL, now());
    PERFORM tintype_use_stored(p_joiner.id, p_leader.id, now());
    UPDATE generations SET
        state = 'succeeded', cached_from = p_leader.id, cost_nano_usd = 0, due_at = NULL, secrets = NULL,
        events_last = events_last + 1, completed_at = p_leader.completed_at, finished_at = now(),
        settled_at = now()
    WHERE id = p_joiner.id;
    INSERT INTO events (generation_id, number, state, body)
    VALUES (p_joiner.id, p_joiner.events_last + 1, 'succeeded', '{"shared": true}');
    PERFORM pg_notify('tintype_events', p_joiner.id);
END
$$;
