CREATE TABLE public.orphan_outputs (
    generation_id text NOT NULL COLLATE pg_catalog."C",
    prediction_id text NOT NULL,
    "position" integer NOT NULL,
    sha256 text NOT NULL,
    upstream_url text,
    content_type text NOT NULL,
    size_bytes bigint NOT NULL,
    width integer,
    height integer,
    note text,
    stored_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.orphan_outputs
    ADD CONSTRAINT orphan_outputs_pkey PRIMARY KEY (generation_id, prediction_id, "position");
CREATE INDEX orphan_outputs_object ON public.orphan_outputs USING btree (sha256);
ALTER TABLE ONLY public.orphan_outputs
    ADD CONSTRAINT orphan_outputs_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES public.generations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.orphan_outputs
    ADD CONSTRAINT orphan_outputs_sha256_fkey FOREIGN KEY (sha256) REFERENCES public.objects(sha256);
