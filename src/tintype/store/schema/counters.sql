CREATE TABLE public.counters (
    limit_id bigint NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    window_start timestamp with time zone NOT NULL,
    held bigint DEFAULT 0 NOT NULL,
    spent bigint DEFAULT 0 NOT NULL,
    CONSTRAINT counters_held_check CHECK ((held >= 0)),
    CONSTRAINT counters_spent_check CHECK ((spent >= 0))
)
WITH (fillfactor='50');
ALTER TABLE ONLY public.counters
    ADD CONSTRAINT counters_pkey PRIMARY KEY (limit_id, subject, window_start);
ALTER TABLE ONLY public.counters
    ADD CONSTRAINT counters_limit_id_fkey FOREIGN KEY (limit_id) REFERENCES public.limits(id) ON DELETE CASCADE;
