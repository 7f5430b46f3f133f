CREATE FUNCTION public.tintype_alert(p_kind text, p_subject text, p_message text, p_facts jsonb DEFAULT '{}'::jsonb) RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO alerts AS a (kind, subject, message, facts)
    VALUES (p_kind, p_subject, p_message, p_facts)
    ON CONFLICT (kind, subject) WHERE resolved_at IS NULL
    DO UPDATE SET times = a.times + 1, seen_at = now(), message = excluded.message, facts = excluded.facts
$$;
