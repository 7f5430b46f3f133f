CREATE TABLE public.batch_rows (
    batch_id text NOT NULL COLLATE pg_catalog."C",
    number integer NOT NULL,
    line integer NOT NULL,
    model text,
    input jsonb,
    problem text,
    place text,
    digest text,
    count integer DEFAULT 1 NOT NULL,
    per_call integer DEFAULT 1 NOT NULL,
    is_own boolean DEFAULT false NOT NULL,
    skip integer DEFAULT 0 NOT NULL,
    reasons text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT batch_rows_check CHECK (((problem IS NULL) = (digest IS NOT NULL))),
    CONSTRAINT batch_rows_count_check CHECK ((count > 0)),
    CONSTRAINT batch_rows_per_call_check CHECK ((per_call > 0))
);
ALTER TABLE ONLY public.batch_rows
    ADD CONSTRAINT batch_rows_pkey PRIMARY KEY (batch_id, number);
ALTER TABLE ONLY public.batch_rows
    ADD CONSTRAINT batch_rows_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES public.batches(id) ON DELETE CASCADE;
