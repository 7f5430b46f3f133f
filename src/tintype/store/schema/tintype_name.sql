CREATE FUNCTION public.tintype_name(p_request jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT concat_ws('/', p_request ->> 'key', coalesce(
        p_request -> 'idempotency' ->> 'name', p_request -> 'answer' ->> 'fingerprint'
    ))
$$;
