CREATE FUNCTION public.tintype_admit_anew(p_request jsonb, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
DECLARE
    v_at timestamptz := coalesce(p_at, now());
    v_key text := p_request ->> 'key';
    v_user text := p_request ->> 'user';
    v_project text := p_request ->> 'project';
    v_upstream bigint := (p_request ->> 'upstream_id')::bigint;
    v_order text := p_request -> 'order' ->> 'id';
    v_idempotency jsonb := nullif(p_request -> 'idempotency', 'null');
    v_wanted tintype_wanted[];
    v_ids text[];
    v_needs tintype_need[];
    v_refusals jsonb;
    v_is_taken boolean := false;
    v_simulated boolean;
    v_until timestamptz;
    v_money bigint;
    v_images bigint;
    v_video_ms bigint;
    v_open bigint;
    v_jobs bigint;
BEGIN
    SELECT array_agg(w), array_agg(w.id) INTO v_wanted, v_ids
    FROM jsonb_populate_recordset(NULL::tintype_wanted, p_request -> 'generations') AS w;
    IF v_idempotency IS NOT NULL THEN
        PERFORM tintype_gate(ARRAY[tintype_name(p_request)], 1953066614);
        INSERT INTO idempotency AS i (key_id, name, fingerprint, order_id, generation_ids, created_at, expires_at)
        VALUES (
            v_key, v_idempotency ->> 'name', decode(v_idempotency ->> 'fingerprint', 'hex'), v_order, v_ids, v_at,
            v_at + make_interval(secs => (v_idempotency ->> 'keep_s')::double precision)
        )
        ON CONFLICT (key_id, name) DO UPDATE
        SET fingerprint = excluded.fingerprint, order_id = excluded.order_id,
            generation_ids = excluded.generation_ids, created_at = excluded.created_at,
            expires_at = excluded.expires_at
        WHERE i.expires_at <= v_at;
        IF NOT FOUND THEN
            RETURN tintype_repeated(v_key, v_idempotency);
        END IF;
    END IF;
    SELECT u.simulated, t.paused_until INTO STRICT v_simulated, v_until
    FROM upstreams AS u
    LEFT JOIN throttle AS t ON t.upstream_id = u.id AND t.lane = 'creates' AND t.paused_until > v_at
    WHERE u.id = v_upstream;
    IF v_until IS NOT NULL THEN
        PERFORM tintype_forget(v_key, v_idempotency);
        RETURN jsonb_build_object('outcome', 'paused', 'until', v_until);
    END IF;
    IF EXISTS (SELECT FROM unnest(v_wanted) AS w WHERE w.cache_key IS NOT NULL) THEN
        v_wanted := tintype_board(v_wanted);
    END IF;
    SELECT
        sum(w.hold_nano_usd) FILTER (WHERE w.stored IS NULL),
        sum(w.images) FILTER (WHERE w.stored IS NULL),
        sum(w.video_ms) FILTER (WHERE w.stored IS NULL),
        count(*) FILTER (WHERE w.stored IS NULL),
        count(*) FILTER (WHERE w.stored IS NULL AND w.leader IS NULL)
    INTO v_money, v_images, v_video_ms, v_open, v_jobs
    FROM unnest(v_wanted) AS w;
    v_needs := tintype_needs(v_key, v_user, v_project, v_at, v_money, v_images, v_video_ms, v_open,
        cardinality(v_wanted));
    -- Whoever will likely be refused is judged before anything is written; whoever will likely be admitted
    -- writes what needs no lock first, so that counters are locked for a short time only.
    IF NOT tintype_seems_to_fit(v_needs) THEN
        v_refusals := tintype_take(v_needs);
        v_is_taken := v_refusals IS NULL;
    END IF;
    IF v_refusals IS NULL THEN
        BEGIN
            PERFORM tintype_write(p_request, v_wanted, v_needs, v_simulated, v_at);
            IF NOT v_is_taken THEN
                v_refusals := tintype_take(v_needs);
                IF v_refusals IS NOT NULL THEN
                    RAISE EXCEPTION 'refused' USING ERRCODE = 'TT001';
                END IF;
            END IF;
        EXCEPTION
            WHEN SQLSTATE 'TT001' THEN
                NULL;
        END;
    END IF;
    IF v_refusals IS NOT NULL THEN
        PERFORM tintype_forget(v_key, v_idempotency);
        RETURN jsonb_build_object('outcome', 'refused', 'refusals', v_refusals);
    END IF;
    IF v_jobs > 0 THEN
        PERFORM tintype_line_up(v_wanted, p_request ->> 'owner', v_jobs);
    END IF;
    RETURN jsonb_build_object(
        'outcome', 'admitted', 'order_id', v_order,
        'generations', (
            SELECT jsonb_agg(jsonb_build_object(
                'id', w.id, 'joined_to', w.leader, 'cached_from', w.stored,
                'state', CASE WHEN w.stored IS NULL THEN 'queued' ELSE 'succeeded' END
            ))
            FROM unnest(v_wanted) AS w
        ),
        'pace', CASE WHEN v_needs IS NOT NULL THEN tintype_pace(v_needs) END
    );
END
$$;
