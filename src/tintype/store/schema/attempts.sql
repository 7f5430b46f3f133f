CREATE TABLE public.attempts (
    token text NOT NULL,
    generation_id text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    intent_at timestamp with time zone NOT NULL,
    dead_at timestamp with time zone NOT NULL,
    outcome text DEFAULT 'pending'::text NOT NULL,
    status integer,
    prediction_id text,
    upstream_date timestamp with time zone,
    ended_at timestamp with time zone,
    absent_seen_at timestamp with time zone
);
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_generation_id_number_key UNIQUE (generation_id, number);
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (token);
CREATE INDEX attempts_orphan ON public.attempts USING btree (intent_at) WHERE (outcome = ANY (ARRAY['orphan'::text, 'storing'::text]));
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES public.generations(id) ON DELETE CASCADE;
