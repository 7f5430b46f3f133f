CREATE TABLE public.deliveries (
    id text NOT NULL COLLATE pg_catalog."C",
    generation_id text NOT NULL COLLATE pg_catalog."C",
    event_number integer NOT NULL,
    url text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    ends_at timestamp with time zone DEFAULT (now() + '24:00:00'::interval) NOT NULL,
    delivered_at timestamp with time zone,
    body jsonb,
    kind text DEFAULT 'completed'::text NOT NULL,
    CONSTRAINT deliveries_kind_check CHECK ((kind = ANY (ARRAY['start'::text, 'logs'::text, 'output'::text, 'completed'::text]))),
    CONSTRAINT deliveries_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'given_up'::text])))
);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX deliveries_end ON public.deliveries USING btree (generation_id, event_number) WHERE (kind = 'completed'::text);
CREATE INDEX deliveries_generation ON public.deliveries USING btree (generation_id, event_number);
CREATE INDEX deliveries_waiting ON public.deliveries USING btree (next_at) WHERE (state = 'waiting'::text);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES public.generations(id) ON DELETE CASCADE;
