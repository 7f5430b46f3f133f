CREATE FUNCTION public.tintype_forget(p_key text, p_idempotency jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF p_idempotency IS NOT NULL THEN
        DELETE FROM idempotency WHERE key_id = p_key AND name = p_idempotency ->> 'name';
    END IF;
END
$$;
