CREATE TABLE public.keys (
    id text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT keys_id_check CHECK (((id <> ''::text) AND (id <> '*'::text) AND (POSITION(('/'::text) IN (id)) = 0)))
);
ALTER TABLE ONLY public.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (id);
