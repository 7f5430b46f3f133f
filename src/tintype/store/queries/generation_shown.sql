-- Changes nothing; a generation by its id, with the approvals that it had a part in.
SELECT
    g.id, g.order_id, g.position, g.key_id, g.end_user, g.project, g.upstream_id, g.simulated, g.model,
    g.version, g.deployment, g.input, g.secrets, g.estimate_nano_usd, g.hold_nano_usd, g.cost_nano_usd,
    g.price_rule, g.images, g.video_ms, g.state, g.failure_code, g.failure_message, g.prediction_id,
    g.prediction, g.attempts, g.attempts_absent, g.attempts_failed, g.predictions_past, g.intent_token, g.intent_at, g.dead_at,
    g.cancel_wished_at, g.deadline_at, g.due_at, g.progress_percent, g.progress, g.cache_key, g.joined_to,
    g.cached_from, g.metadata, g.tags, g.callback_url, g.virtual_start, g.events_last, g.created_at,
    g.submitted_at, g.started_at, g.completed_at, g.finished_at, g.settled_at, g.deleted_at, g.follows,
    g.request_id,
    (
        SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.approved_at, a.final_id), '[]')
        FROM approvals AS a
        WHERE a.proof_id = g.id OR a.final_id = g.id
    ) AS approved
FROM generations AS g
WHERE g.id = %(id)s
