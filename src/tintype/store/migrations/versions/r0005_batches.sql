-- A batch's Idempotency-Key stands with all others, so that it names one thing (rule 8).
INSERT INTO idempotency (key_id, name, fingerprint, order_id, generation_ids, created_at, expires_at)
SELECT key_id, idempotency, coalesce(fingerprint, ''), id, '{}', created_at, created_at + interval '1 day'
FROM batches
WHERE idempotency IS NOT NULL AND created_at > now() - interval '1 day'
ON CONFLICT (key_id, name) DO NOTHING;
ALTER TABLE batches
    DROP COLUMN idempotency,
    DROP COLUMN fingerprint,
    -- Which request asked for it; all that is bought for it tells so in the log.
    ADD COLUMN request_id text;

-- Why its model was chosen, where that was left open.
ALTER TABLE batch_rows ADD COLUMN reasons text[] NOT NULL DEFAULT '{}';

-- What rows name by its hash, until all of it is made.
CREATE TABLE batch_files (
    batch_id text COLLATE "C" NOT NULL REFERENCES batches ON DELETE CASCADE,
    sha256 text NOT NULL REFERENCES objects,
    PRIMARY KEY (batch_id, sha256)
);
CREATE INDEX batch_files_object ON batch_files (sha256);

-- By which column of its rows a call cannot be asked for.
ALTER TABLE batch_calls ADD COLUMN place text;
DROP INDEX batch_calls_digest;
CREATE INDEX batch_calls_digest ON batch_calls (batch_id, digest, skip);

DROP VIEW batch_standing;
-- Each row with what became of the calls that it shares in, and what was paid for those that it is the first of.
CREATE VIEW batch_standing AS
SELECT
    r.batch_id, r.number, r.line, r.model, r.input, coalesce(r.problem, made.problem) AS problem,
    coalesce(r.place, made.place) AS place, r.count,
    CASE
        WHEN r.problem IS NOT NULL OR made.problem IS NOT NULL THEN 'broken'
        WHEN made.failed > made.canceled THEN 'failed'
        WHEN made.canceled > 0 THEN 'canceled'
        WHEN made.succeeded = made.calls THEN 'succeeded'
        WHEN made.waiting > 0 AND b.state <> 'open' THEN 'undone'
        WHEN made.waiting = made.calls THEN 'waiting'
        ELSE 'running'
    END AS state,
    CASE WHEN made.first < r.number THEN made.first END AS same_as,
    coalesce(made.generation_ids, '{}') AS generation_ids, coalesce(made.skips, '{}') AS skips,
    coalesce(made.counts, '{}') AS counts,
    made.failure_code, made.failure_message, r.reasons,
    (
        SELECT coalesce(sum(g.cost_nano_usd), 0)::bigint
        FROM batch_calls AS c
        CROSS JOIN LATERAL unnest(c.past || c.generation_id) AS bought (id)
        JOIN generations AS g ON g.id = bought.id
        WHERE c.batch_id = r.batch_id AND c.digest = r.digest AND c.row_number = r.number
    ) AS cost_nano_usd
FROM batch_rows AS r
JOIN batches AS b ON b.id = r.batch_id
LEFT JOIN LATERAL (
    SELECT
        count(*) AS calls, min(c.row_number) AS first, min(c.problem) AS problem, min(c.place) AS place,
        count(*) FILTER (WHERE c.generation_id IS NULL) AS waiting,
        count(*) FILTER (WHERE g.state = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE g.state IN ('failed', 'canceled', 'aborted')) AS failed,
        count(*) FILTER (WHERE g.state IN ('canceled', 'aborted')) AS canceled,
        array_agg(c.generation_id ORDER BY c.skip) FILTER (WHERE c.generation_id IS NOT NULL) AS generation_ids,
        array_agg(c.skip - r.skip ORDER BY c.skip) FILTER (WHERE c.generation_id IS NOT NULL) AS skips,
        array_agg(c.count ORDER BY c.skip) FILTER (WHERE c.generation_id IS NOT NULL) AS counts,
        min(coalesce(g.failure_code, g.state)) FILTER (WHERE g.state IN ('failed', 'canceled', 'aborted'))
            AS failure_code,
        min(g.failure_message) AS failure_message
    FROM batch_calls AS c
    LEFT JOIN generations AS g ON g.id = c.generation_id
    WHERE c.batch_id = r.batch_id AND c.digest = r.digest
        -- No call makes as many as that; the index finds what is between.
        AND c.skip > r.skip - 1000 AND c.skip < r.skip + r.count AND c.skip + c.count > r.skip
) AS made ON true;

-- Rows that were just written are in no statistics: what joins them is not to go by that there are few.
ALTER FUNCTION tintype_batch_plan(text) SET enable_nestloop = off;
