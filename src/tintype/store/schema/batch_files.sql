CREATE TABLE public.batch_files (
    batch_id text NOT NULL COLLATE pg_catalog."C",
    sha256 text NOT NULL
);
ALTER TABLE ONLY public.batch_files
    ADD CONSTRAINT batch_files_pkey PRIMARY KEY (batch_id, sha256);
CREATE INDEX batch_files_object ON public.batch_files USING btree (sha256);
ALTER TABLE ONLY public.batch_files
    ADD CONSTRAINT batch_files_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES public.batches(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.batch_files
    ADD CONSTRAINT batch_files_sha256_fkey FOREIGN KEY (sha256) REFERENCES public.objects(sha256);
