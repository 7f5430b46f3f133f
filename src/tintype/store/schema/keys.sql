CREATE TABLE public.keys (
    id text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    scopes text[] DEFAULT '{generate,read}'::text[] NOT NULL,
    models text[],
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT keys_id_check CHECK (((id <> ''::text) AND (id <> '*'::text) AND (POSITION(('/'::text) IN (id)) = 0))),
    CONSTRAINT keys_scopes_check CHECK ((scopes <@ '{generate,read,admin}'::text[]))
);
ALTER TABLE ONLY public.keys
    ADD CONSTRAINT keys_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX keys_name ON public.keys USING btree (name) WHERE (revoked_at IS NULL);
