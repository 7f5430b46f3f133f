CREATE TABLE public.proofs (
    generation_id text NOT NULL COLLATE pg_catalog."C",
    final_model text NOT NULL,
    final_nano_usd bigint NOT NULL,
    CONSTRAINT proofs_final_nano_usd_check CHECK ((final_nano_usd >= 0))
);
ALTER TABLE ONLY public.proofs
    ADD CONSTRAINT proofs_pkey PRIMARY KEY (generation_id);
