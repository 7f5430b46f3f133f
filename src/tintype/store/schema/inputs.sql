CREATE TABLE public.inputs (
    generation_id text NOT NULL COLLATE pg_catalog."C",
    field text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    sha256 text NOT NULL
);
ALTER TABLE ONLY public.inputs
    ADD CONSTRAINT inputs_pkey PRIMARY KEY (generation_id, field, "position");
CREATE INDEX inputs_object ON public.inputs USING btree (sha256);
ALTER TABLE ONLY public.inputs
    ADD CONSTRAINT inputs_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES public.generations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.inputs
    ADD CONSTRAINT inputs_sha256_fkey FOREIGN KEY (sha256) REFERENCES public.objects(sha256);
