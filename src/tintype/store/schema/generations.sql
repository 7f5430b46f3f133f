CREATE TABLE public.generations (
    id text NOT NULL COLLATE pg_catalog."C",
    order_id text COLLATE pg_catalog."C",
    "position" integer DEFAULT 0 NOT NULL,
    key_id text NOT NULL,
    end_user text,
    project text,
    upstream_id bigint NOT NULL,
    simulated boolean NOT NULL,
    model text NOT NULL,
    version text,
    deployment text,
    input jsonb NOT NULL,
    secrets bytea,
    estimate_nano_usd bigint NOT NULL,
    hold_nano_usd bigint NOT NULL,
    cost_nano_usd bigint,
    price_rule text NOT NULL,
    images integer DEFAULT 0 NOT NULL,
    video_ms bigint DEFAULT 0 NOT NULL,
    state text NOT NULL,
    failure_code text,
    failure_message text,
    prediction_id text,
    prediction jsonb,
    attempts integer DEFAULT 0 NOT NULL,
    attempts_absent integer DEFAULT 0 NOT NULL,
    attempts_failed integer DEFAULT 0 NOT NULL,
    predictions_past text[] DEFAULT '{}'::text[] NOT NULL,
    intent_token text,
    intent_at timestamp with time zone,
    dead_at timestamp with time zone,
    cancel_wished_at timestamp with time zone,
    deadline_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    progress_percent real,
    progress jsonb,
    cache_key text,
    joined_to text COLLATE pg_catalog."C",
    cached_from text COLLATE pg_catalog."C",
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    callback_url text,
    virtual_start bigint DEFAULT 0 NOT NULL,
    events_last integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    submitted_at timestamp with time zone,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    finished_at timestamp with time zone,
    settled_at timestamp with time zone,
    deleted_at timestamp with time zone,
    replaced_by text COLLATE pg_catalog."C",
    follows text COLLATE pg_catalog."C",
    request_id text,
    CONSTRAINT generations_check CHECK (((state = ANY (ARRAY['succeeded'::text, 'failed'::text, 'canceled'::text, 'aborted'::text])) = (finished_at IS NOT NULL))),
    CONSTRAINT generations_check1 CHECK (((finished_at IS NULL) = (settled_at IS NULL))),
    CONSTRAINT generations_check2 CHECK (((settled_at IS NULL) = (cost_nano_usd IS NULL))),
    CONSTRAINT generations_cost_nano_usd_check CHECK ((cost_nano_usd >= 0)),
    CONSTRAINT generations_estimate_nano_usd_check CHECK ((estimate_nano_usd >= 0)),
    CONSTRAINT generations_hold_nano_usd_check CHECK ((hold_nano_usd >= 0)),
    CONSTRAINT generations_images_check CHECK ((images >= 0)),
    CONSTRAINT generations_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'submitting'::text, 'unknown'::text, 'running'::text, 'capturing'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text, 'aborted'::text]))),
    CONSTRAINT generations_video_ms_check CHECK ((video_ms >= 0))
)
WITH (fillfactor='80');
ALTER TABLE ONLY public.generations
    ADD CONSTRAINT generations_pkey PRIMARY KEY (id);
CREATE INDEX generations_deadline ON public.generations USING btree (deadline_at) WHERE (finished_at IS NULL);
CREATE INDEX generations_due ON public.generations USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX generations_follows ON public.generations USING btree (follows) WHERE ((follows IS NOT NULL) AND (finished_at IS NULL));
CREATE INDEX generations_joined ON public.generations USING btree (joined_to, id) WHERE (joined_to IS NOT NULL);
CREATE INDEX generations_key ON public.generations USING btree (key_id, id);
CREATE INDEX generations_order ON public.generations USING btree (order_id, "position") WHERE (order_id IS NOT NULL);
CREATE UNIQUE INDEX generations_prediction ON public.generations USING btree (upstream_id, prediction_id) WHERE (prediction_id IS NOT NULL);
CREATE TRIGGER generations_film AFTER UPDATE ON public.generations FOR EACH ROW WHEN (((new.order_id IS NOT NULL) AND (old.finished_at IS NULL) AND (new.finished_at IS NOT NULL))) EXECUTE FUNCTION public.tintype_film_due();
CREATE TRIGGER generations_film_stored AFTER INSERT ON public.generations FOR EACH ROW WHEN (((new.order_id IS NOT NULL) AND (new.finished_at IS NOT NULL))) EXECUTE FUNCTION public.tintype_film_due();
CREATE TRIGGER generations_owe AFTER UPDATE OF progress, started_at ON public.generations FOR EACH ROW WHEN (((new.callback_url IS NOT NULL) AND ((new.progress IS DISTINCT FROM old.progress) OR ((old.started_at IS NULL) AND (new.started_at IS NOT NULL))))) EXECUTE FUNCTION public.tintype_owe_progress();
CREATE TRIGGER generations_stand_in AFTER UPDATE OF replaced_by ON public.generations FOR EACH ROW WHEN (((old.replaced_by IS NULL) AND (new.replaced_by IS NOT NULL))) EXECUTE FUNCTION public.tintype_stand_in();
