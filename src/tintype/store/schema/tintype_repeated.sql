CREATE FUNCTION public.tintype_repeated(p_key text, p_idempotency jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE
        WHEN i.fingerprint = decode(p_idempotency ->> 'fingerprint', 'hex') THEN jsonb_build_object(
            'outcome', 'repeated', 'order_id', i.order_id, 'generation_ids', to_jsonb(i.generation_ids))
        ELSE jsonb_build_object('outcome', 'conflict')
    END
    FROM idempotency AS i
    WHERE i.key_id = p_key AND i.name = p_idempotency ->> 'name'
$$;
