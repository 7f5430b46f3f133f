-- Changes nothing; a page of an owner's generations, newest first, of those that all that is given fits: NULL fits all.
SELECT
    g.id, g.order_id, g.position, g.key_id, g.end_user, g.project, g.upstream_id, g.simulated, g.model,
    g.version, g.deployment, g.input, g.secrets, g.estimate_nano_usd, g.hold_nano_usd, g.cost_nano_usd,
    g.price_rule, g.images, g.video_ms, g.state, g.failure_code, g.failure_message, g.prediction_id,
    g.prediction, g.attempts, g.attempts_absent, g.attempts_failed, g.predictions_past, g.intent_token, g.intent_at, g.dead_at,
    g.cancel_wished_at, g.deadline_at, g.due_at, g.progress_percent, g.progress, g.cache_key, g.joined_to,
    g.cached_from, g.metadata, g.tags, g.callback_url, g.virtual_start, g.events_last, g.created_at,
    g.submitted_at, g.started_at, g.completed_at, g.finished_at, g.settled_at, g.deleted_at,
    g.request_id,
    (
        SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.approved_at, a.final_id), '[]')
        FROM approvals AS a
        WHERE a.proof_id = g.id OR a.final_id = g.id
    ) AS approved
FROM generations AS g
WHERE
    g.key_id = %(key)s
    AND (%(user)s::text IS NULL OR g.end_user = %(user)s)
    AND (%(before)s::text IS NULL OR g.id < %(before)s)
    AND g.deleted_at IS NULL
    AND (%(states)s::text[] IS NULL OR g.state = ANY(%(states)s))
    AND (%(model)s::text IS NULL OR g.model = %(model)s)
    AND (%(project)s::text IS NULL OR g.project = %(project)s)
    AND (%(tags)s::text[] IS NULL OR g.tags @> %(tags)s)
    AND (%(order_id)s::text IS NULL OR g.order_id = %(order_id)s)
    AND (%(after)s::timestamptz IS NULL OR g.created_at > %(after)s)
    AND (%(until)s::timestamptz IS NULL OR g.created_at < %(until)s)
    AND (
        %(text)s::text IS NULL
        OR position(
            lower(%(text)s)
            IN lower(concat_ws(' ', g.id, g.model, g.input ->> 'prompt', g.state, g.failure_code, array_to_string(g.tags, ' ')))
        ) > 0
    )
ORDER BY g.id DESC
LIMIT %(at_most)s
