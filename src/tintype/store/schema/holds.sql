CREATE TABLE public.holds (
    generation_id text NOT NULL COLLATE pg_catalog."C",
    limit_id bigint NOT NULL,
    subject text NOT NULL COLLATE pg_catalog."C",
    window_start timestamp with time zone NOT NULL,
    measure text NOT NULL,
    amount bigint NOT NULL,
    spent bigint,
    CONSTRAINT holds_amount_check CHECK ((amount >= 0)),
    CONSTRAINT holds_spent_check CHECK ((spent >= 0))
);
ALTER TABLE ONLY public.holds
    ADD CONSTRAINT holds_pkey PRIMARY KEY (generation_id, limit_id);
