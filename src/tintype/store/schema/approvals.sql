CREATE TABLE public.approvals (
    proof_id text NOT NULL COLLATE pg_catalog."C",
    pick integer NOT NULL,
    final_id text NOT NULL COLLATE pg_catalog."C",
    approved_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT approvals_pick_check CHECK ((pick >= 0))
);
ALTER TABLE ONLY public.approvals
    ADD CONSTRAINT approvals_pkey PRIMARY KEY (proof_id, pick);
CREATE UNIQUE INDEX approvals_final ON public.approvals USING btree (final_id);
