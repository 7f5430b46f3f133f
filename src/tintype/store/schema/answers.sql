CREATE TABLE public.answers (
    hand text NOT NULL,
    name text NOT NULL,
    holder integer,
    generation_ids text[] NOT NULL,
    order_id text COLLATE pg_catalog."C",
    repetition integer DEFAULT 0 NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    answered_at timestamp with time zone
)
WITH (fillfactor='80');
ALTER TABLE ONLY public.answers
    ADD CONSTRAINT answers_pkey PRIMARY KEY (hand);
CREATE INDEX answers_name ON public.answers USING btree (name);
