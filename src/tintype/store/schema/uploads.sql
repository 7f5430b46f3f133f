CREATE TABLE public.uploads (
    id text NOT NULL COLLATE pg_catalog."C",
    key_id text NOT NULL,
    sha256 text NOT NULL,
    md5 text NOT NULL,
    name text NOT NULL,
    content_type text NOT NULL,
    size_bytes bigint NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone DEFAULT (now() + '24:00:00'::interval) NOT NULL
);
ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (id);
CREATE INDEX uploads_expiry ON public.uploads USING btree (expires_at);
CREATE INDEX uploads_key ON public.uploads USING btree (key_id, id);
CREATE INDEX uploads_object ON public.uploads USING btree (sha256);
ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.keys(id);
ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_sha256_fkey FOREIGN KEY (sha256) REFERENCES public.objects(sha256);
