CREATE TABLE public.films (
    order_id text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'waiting'::text NOT NULL,
    failure_code text,
    failure_message text,
    sha256 text,
    content_type text,
    size_bytes bigint,
    width integer,
    height integer,
    duration_ms bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    poster_sha256 text,
    CONSTRAINT films_check CHECK (((state = 'waiting'::text) = (finished_at IS NULL))),
    CONSTRAINT films_check1 CHECK (((state = 'succeeded'::text) OR (sha256 IS NULL))),
    CONSTRAINT films_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text])))
);
ALTER TABLE ONLY public.films
    ADD CONSTRAINT films_pkey PRIMARY KEY (order_id);
CREATE INDEX films_object ON public.films USING btree (sha256) WHERE (sha256 IS NOT NULL);
CREATE INDEX films_poster ON public.films USING btree (poster_sha256) WHERE (poster_sha256 IS NOT NULL);
ALTER TABLE ONLY public.films
    ADD CONSTRAINT films_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.films
    ADD CONSTRAINT films_poster_sha256_fkey FOREIGN KEY (poster_sha256) REFERENCES public.objects(sha256);
ALTER TABLE ONLY public.films
    ADD CONSTRAINT films_sha256_fkey FOREIGN KEY (sha256) REFERENCES public.objects(sha256);
