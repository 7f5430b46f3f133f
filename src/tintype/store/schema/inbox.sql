CREATE TABLE public.inbox (
    webhook_id text NOT NULL,
    token text,
    generation_id text COLLATE pg_catalog."C",
    prediction_id text,
    body jsonb NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    handled_at timestamp with time zone
);
ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (webhook_id);
CREATE INDEX inbox_waiting ON public.inbox USING btree (received_at) WHERE (handled_at IS NULL);
