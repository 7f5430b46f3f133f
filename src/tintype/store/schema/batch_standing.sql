CREATE VIEW public.batch_standing AS
 SELECT r.batch_id,
    r.number,
    r.line,
    r.model,
    r.input,
    COALESCE(r.problem, made.problem) AS problem,
    COALESCE(r.place, made.place) AS place,
    r.count,
        CASE
            WHEN ((r.problem IS NOT NULL) OR (made.problem IS NOT NULL)) THEN 'broken'::text
            WHEN (made.failed > made.canceled) THEN 'failed'::text
            WHEN (made.canceled > 0) THEN 'canceled'::text
            WHEN (made.succeeded = made.calls) THEN 'succeeded'::text
            WHEN ((made.waiting > 0) AND (b.state <> 'open'::text)) THEN 'undone'::text
            WHEN (made.waiting = made.calls) THEN 'waiting'::text
            ELSE 'running'::text
        END AS state,
        CASE
            WHEN (made.first < r.number) THEN made.first
            ELSE NULL::integer
        END AS same_as,
    COALESCE(made.generation_ids, '{}'::text[]) AS generation_ids,
    COALESCE(made.skips, '{}'::integer[]) AS skips,
    COALESCE(made.counts, '{}'::integer[]) AS counts,
    made.failure_code,
    made.failure_message,
    r.reasons,
    ( SELECT (COALESCE(sum(g.cost_nano_usd), (0)::numeric))::bigint AS "coalesce"
           FROM ((public.batch_calls c
             CROSS JOIN LATERAL unnest((c.past || c.generation_id)) bought(id))
             JOIN public.generations g ON ((g.id = bought.id)))
          WHERE ((c.batch_id = r.batch_id) AND (c.digest = r.digest) AND (c.row_number = r.number))) AS cost_nano_usd
   FROM ((public.batch_rows r
     JOIN public.batches b ON ((b.id = r.batch_id)))
     LEFT JOIN LATERAL ( SELECT count(*) AS calls,
            min(c.row_number) AS first,
            min(c.problem) AS problem,
            min(c.place) AS place,
            count(*) FILTER (WHERE (c.generation_id IS NULL)) AS waiting,
            count(*) FILTER (WHERE (g.state = 'succeeded'::text)) AS succeeded,
            count(*) FILTER (WHERE (g.state = ANY (ARRAY['failed'::text, 'canceled'::text, 'aborted'::text]))) AS failed,
            count(*) FILTER (WHERE (g.state = ANY (ARRAY['canceled'::text, 'aborted'::text]))) AS canceled,
            array_agg(c.generation_id ORDER BY c.skip) FILTER (WHERE (c.generation_id IS NOT NULL)) AS generation_ids,
            array_agg((c.skip - r.skip) ORDER BY c.skip) FILTER (WHERE (c.generation_id IS NOT NULL)) AS skips,
            array_agg(c.count ORDER BY c.skip) FILTER (WHERE (c.generation_id IS NOT NULL)) AS counts,
            min(COALESCE(g.failure_code, g.state)) FILTER (WHERE (g.state = ANY (ARRAY['failed'::text, 'canceled'::text, 'aborted'::text]))) AS failure_code,
            min(g.failure_message) AS failure_message
           FROM (public.batch_calls c
             LEFT JOIN public.generations g ON ((g.id = c.generation_id)))
          WHERE ((c.batch_id = r.batch_id) AND (c.digest = r.digest) AND (c.skip > (r.skip - 1000)) AND (c.skip < (r.skip + r.count)) AND ((c.skip + c.count) > r.skip))) made ON (true));
