CREATE TABLE public.idempotency (
    key_id text NOT NULL,
    name text NOT NULL,
    fingerprint bytea NOT NULL,
    order_id text COLLATE pg_catalog."C",
    generation_ids text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (key_id, name);
CREATE INDEX idempotency_expires ON public.idempotency USING btree (expires_at);
