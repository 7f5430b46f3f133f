CREATE FUNCTION public.tintype_origin(p_id text) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
    SELECT coalesce(
        (
            SELECT jsonb_strip_nulls(jsonb_build_object(
                'generation_id', g.id, 'key_id', g.key_id, 'request_id', g.request_id))
            FROM generations AS g
            WHERE g.id = p_id
        ),
        jsonb_build_object('generation_id', p_id)
    )
$$;
