CREATE TABLE public.outputs (
    generation_id text NOT NULL COLLATE pg_catalog."C",
    "position" integer NOT NULL,
    sha256 text NOT NULL,
    upstream_sha256 text,
    upstream_url text,
    content_type text NOT NULL,
    size_bytes bigint NOT NULL,
    width integer,
    height integer,
    duration_ms bigint,
    thumbnail_sha256 text,
    blurred text,
    note text,
    stored_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.outputs
    ADD CONSTRAINT outputs_pkey PRIMARY KEY (generation_id, "position");
CREATE INDEX outputs_object ON public.outputs USING btree (sha256);
CREATE INDEX outputs_thumbnail ON public.outputs USING btree (thumbnail_sha256) WHERE (thumbnail_sha256 IS NOT NULL);
ALTER TABLE ONLY public.outputs
    ADD CONSTRAINT outputs_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES public.generations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.outputs
    ADD CONSTRAINT outputs_sha256_fkey FOREIGN KEY (sha256) REFERENCES public.objects(sha256);
ALTER TABLE ONLY public.outputs
    ADD CONSTRAINT outputs_thumbnail_sha256_fkey FOREIGN KEY (thumbnail_sha256) REFERENCES public.objects(sha256);
