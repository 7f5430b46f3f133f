CREATE TABLE public.batch_calls (
    batch_id text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    row_number integer NOT NULL,
    digest text NOT NULL,
    skip integer NOT NULL,
    count integer NOT NULL,
    generation_id text COLLATE pg_catalog."C",
    has_ended boolean DEFAULT false NOT NULL,
    past text[] DEFAULT '{}'::text[] NOT NULL,
    problem text,
    place text
);
ALTER TABLE ONLY public.batch_calls
    ADD CONSTRAINT batch_calls_pkey PRIMARY KEY (batch_id, number);
CREATE INDEX batch_calls_digest ON public.batch_calls USING btree (batch_id, digest, skip);
CREATE INDEX batch_calls_generation ON public.batch_calls USING btree (generation_id) WHERE (generation_id IS NOT NULL);
CREATE INDEX batch_calls_open ON public.batch_calls USING btree (batch_id) WHERE ((generation_id IS NOT NULL) AND (NOT has_ended));
CREATE INDEX batch_calls_past ON public.batch_calls USING gin (past) WHERE (past <> '{}'::text[]);
CREATE INDEX batch_calls_waiting ON public.batch_calls USING btree (batch_id, number) WHERE ((generation_id IS NULL) AND (problem IS NULL));
ALTER TABLE ONLY public.batch_calls
    ADD CONSTRAINT batch_calls_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES public.batches(id) ON DELETE CASCADE;
