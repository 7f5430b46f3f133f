-- What is left of a rate, told to whoever was just admitted under it.

-- The rate of a chain that has the least left, as its counter stands in this transaction; NULL where the chain has none.
CREATE FUNCTION tintype_pace(p_needs tintype_need[])
RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'limit', n.amount, 'left', greatest(n.amount - c.held - c.spent, 0),
        'resets_at', tintype_window_end(n.period, n.zone, n.window_start)
    )
    FROM unnest(p_needs) AS n
    JOIN counters AS c USING (limit_id, subject, window_start)
    WHERE n.measure = 'rate'
    ORDER BY n.amount - c.held - c.spent, tintype_window_end(n.period, n.zone, n.window_start) DESC, n.limit_id
    LIMIT 1
$$;

-- As it was, but that it says what is left of a rate.
CREATE OR REPLACE FUNCTION tintype_admit_anew(p_request jsonb, p_at timestamptz DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
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

-- As it was, but that it says what is left of rates, and that rows and jobs tell where they came from.
DROP FUNCTION tintype_admit_plain(bigint, jsonb);
CREATE FUNCTION tintype_admit_plain(p_upstream bigint, p_requests jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_at timestamptz := now();
    v_simulated boolean;
    v_plain tintype_plain[];
    v_chains tintype_chain[];
    v_needs tintype_need[];
    v_named integer;
    v_owner record;
BEGIN
    SELECT u.simulated INTO v_simulated
    FROM upstreams AS u
    WHERE u.id = p_upstream AND NOT EXISTS (
        SELECT FROM throttle AS t
        WHERE t.upstream_id = u.id AND t.lane = 'creates' AND t.paused_until > v_at
    );
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(w ORDER BY w.owner COLLATE "C", w.place), count(w.name) INTO v_plain, v_named
    FROM jsonb_populate_recordset(NULL::tintype_plain, p_requests) AS w;
    IF v_named > 0 THEN
        PERFORM tintype_gate(ARRAY(
            SELECT concat_ws('/', w.key_id, w.name) FROM unnest(v_plain) AS w WHERE w.name IS NOT NULL
        ), 1953066614);
        INSERT INTO idempotency AS i (key_id, name, fingerprint, generation_ids, created_at, expires_at)
        SELECT DISTINCT ON (w.key_id, w.name)
            w.key_id, w.name, w.fingerprint, ARRAY[w.id], v_at, v_at + make_interval(secs => w.keep_s)
        FROM unnest(v_plain) AS w
        WHERE w.name IS NOT NULL
        ON CONFLICT (key_id, name) DO UPDATE
        SET fingerprint = excluded.fingerprint, order_id = NULL, generation_ids = excluded.generation_ids,
            created_at = excluded.created_at, expires_at = excluded.expires_at
        WHERE i.expires_at <= v_at;
        GET DIAGNOSTICS v_named = ROW_COUNT;
        IF v_named <> (SELECT count(w.name) FROM unnest(v_plain) AS w) THEN
            RAISE EXCEPTION 'not plain' USING ERRCODE = 'TT003';
        END IF;
    END IF;
    SELECT array_agg((
        c.key_id, c.end_user, c.project,
        tintype_needs(c.key_id, c.end_user, c.project, v_at, c.money, c.images, c.video_ms, c.number, c.number)
    )::tintype_chain)
    INTO v_chains
    FROM (
        SELECT
            w.key_id, w.end_user, w.project, sum(w.hold_nano_usd)::bigint AS money,
            sum(w.images)::bigint AS images, sum(w.video_ms)::bigint AS video_ms, count(*) AS number
        FROM unnest(v_plain) AS w
        GROUP BY w.key_id, w.end_user, w.project
    ) AS c;
    -- What several chains share is asked for once.
    SELECT array_agg((n.limit_id, n.subject, n.window_start, n.scope, n.measure, n.period, n.zone, n.amount,
        n.asked)::tintype_need ORDER BY n.limit_id, n.subject COLLATE "C")
    INTO v_needs
    FROM (
        SELECT
            n.limit_id, n.subject, n.window_start, n.scope, n.measure, n.period, n.zone, n.amount,
            sum(n.asked)::bigint AS asked
        FROM unnest(v_chains) AS c
        CROSS JOIN LATERAL unnest(c.needs) AS n
        GROUP BY n.limit_id, n.subject, n.window_start, n.scope, n.measure, n.period, n.zone, n.amount
    ) AS n;
    IF NOT tintype_seems_to_fit(v_needs) OR tintype_take(v_needs) IS NOT NULL THEN
        RAISE EXCEPTION 'not plain' USING ERRCODE = 'TT003';
    END IF;
    FOR v_owner IN
        SELECT w.owner, count(*) AS jobs, min(w.at_place)::integer AS first, NULL::bigint AS next, NULL::integer AS step
        FROM (
            SELECT w.owner, row_number() OVER (ORDER BY w.owner COLLATE "C", w.place) AS at_place
            FROM unnest(v_plain) AS w
        ) AS w
        GROUP BY w.owner
        ORDER BY w.owner COLLATE "C"
    LOOP
        INSERT INTO owners AS o (owner, virtual, weight)
        SELECT v_owner.owner, f.virtual_now + 1000 * v_owner.jobs, 1 FROM fair AS f
        ON CONFLICT (owner) DO UPDATE
        SET virtual = greatest(o.virtual, excluded.virtual - 1000 * v_owner.jobs) + v_owner.jobs * (1000 / o.weight)
        RETURNING o.virtual - v_owner.jobs * (1000 / o.weight), 1000 / o.weight INTO v_owner.next, v_owner.step;
        FOR i IN v_owner.first .. v_owner.first + v_owner.jobs - 1 LOOP
            v_plain[i].virtual_start := v_owner.next + (i - v_owner.first) * v_owner.step;
        END LOOP;
    END LOOP;
    INSERT INTO generations (
        id, key_id, end_user, project, upstream_id, simulated, model, version, deployment, input, secrets,
        estimate_nano_usd, hold_nano_usd, price_rule, images, video_ms, state, deadline_at, metadata, tags,
        callback_url, created_at, virtual_start, request_id
    )
    SELECT
        w.id, w.key_id, w.end_user, w.project, p_upstream, v_simulated, w.model, w.version, w.deployment, w.input,
        w.secrets, w.estimate_nano_usd, w.hold_nano_usd, w.price_rule, coalesce(w.images, 0),
        coalesce(w.video_ms, 0), 'queued', v_at + make_interval(secs => w.deadline_s), coalesce(w.metadata, '{}'),
        coalesce(w.tags, '{}'), w.callback_url, v_at, w.virtual_start, w.request_id
    FROM unnest(v_plain) AS w;
    IF v_needs IS NOT NULL THEN
        INSERT INTO holds (generation_id, limit_id, subject, window_start, measure, amount)
        SELECT w.id, n.limit_id, n.subject, n.window_start, n.measure, part.amount
        FROM unnest(v_plain) AS w
        JOIN unnest(v_chains) AS c ON c.key_id = w.key_id
            AND c.end_user IS NOT DISTINCT FROM w.end_user AND c.project IS NOT DISTINCT FROM w.project
        CROSS JOIN LATERAL unnest(c.needs) AS n
        CROSS JOIN LATERAL (
            SELECT CASE n.measure
                WHEN 'money' THEN w.hold_nano_usd
                WHEN 'images' THEN coalesce(w.images, 0)
                WHEN 'video_seconds' THEN coalesce(w.video_ms, 0)
                WHEN 'concurrent' THEN 1
                ELSE 0
            END AS amount
        ) AS part
        WHERE part.amount > 0;
    END IF;
    INSERT INTO ledger (generation_id, kind, debit, credit, amount_nano_usd, at)
    SELECT w.id, 'hold', 'free', 'held', w.hold_nano_usd, v_at FROM unnest(v_plain) AS w;
    INSERT INTO events (generation_id, number, state, at)
    SELECT w.id, 1, 'queued', v_at FROM unnest(v_plain) AS w;
    PERFORM pg_notify('tintype_events', w.id) FROM unnest(v_plain) AS w;
    PERFORM pg_advisory_xact_lock_shared(1953066613, 0);
    PERFORM procrastinate_defer_jobs_v1(array_agg(
        ('submit', 'submit', tintype_priority(w.virtual_start, f.base), NULL, NULL,
         jsonb_strip_nulls(jsonb_build_object(
             'generation_id', w.id, 'key_id', w.key_id, 'request_id', w.request_id)), NULL)::procrastinate_job_to_defer_v1
        ORDER BY w.place
    ))
    FROM unnest(v_plain) AS w CROSS JOIN fair AS f;
    IF v_needs IS NULL THEN
        RETURN jsonb_build_object('at', v_at);
    END IF;
    -- By each request's place: those that share a chain are told what is left after all of them.
    RETURN jsonb_build_object('at', v_at, 'paces', (
        SELECT jsonb_object_agg(w.place, c.pace)
        FROM (
            SELECT c.key_id, c.end_user, c.project, tintype_pace(c.needs) AS pace FROM unnest(v_chains) AS c OFFSET 0
        ) AS c
        JOIN unnest(v_plain) AS w ON w.key_id = c.key_id
            AND w.end_user IS NOT DISTINCT FROM c.end_user AND w.project IS NOT DISTINCT FROM c.project
        WHERE c.pace IS NOT NULL
    ));
EXCEPTION
    WHEN SQLSTATE 'TT003' THEN
        RETURN NULL;
END
$$;
