CREATE TABLE public.batches (
    id text NOT NULL COLLATE pg_catalog."C",
    key_id text NOT NULL,
    end_user text,
    project text,
    upstream_id bigint NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    budget_nano_usd bigint,
    asked jsonb DEFAULT '{}'::jsonb NOT NULL,
    plan jsonb DEFAULT '{}'::jsonb NOT NULL,
    warnings text[] DEFAULT '{}'::text[] NOT NULL,
    row_count integer DEFAULT 0 NOT NULL,
    broken_count integer DEFAULT 0 NOT NULL,
    call_count integer DEFAULT 0 NOT NULL,
    waits_for text,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    request_id text,
    CONSTRAINT batches_budget_nano_usd_check CHECK ((budget_nano_usd >= 0)),
    CONSTRAINT batches_check CHECK (((state <> 'ended'::text) OR (finished_at IS NOT NULL))),
    CONSTRAINT batches_check1 CHECK (((state <> 'open'::text) OR (finished_at IS NULL))),
    CONSTRAINT batches_state_check CHECK ((state = ANY (ARRAY['open'::text, 'stopped'::text, 'canceled'::text, 'ended'::text])))
);
ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_pkey PRIMARY KEY (id);
CREATE INDEX batches_due ON public.batches USING btree (upstream_id, due_at) WHERE (finished_at IS NULL);
CREATE INDEX batches_key ON public.batches USING btree (key_id, id);
ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.keys(id);
ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_upstream_id_fkey FOREIGN KEY (upstream_id) REFERENCES public.upstreams(id);
