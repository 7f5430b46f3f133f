CREATE TABLE public.ledger (
    generation_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    ref text DEFAULT ''::text NOT NULL,
    debit text NOT NULL,
    credit text NOT NULL,
    amount_nano_usd bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ledger_amount_nano_usd_check CHECK ((amount_nano_usd >= 0)),
    CONSTRAINT ledger_credit_check CHECK ((credit = ANY (ARRAY['free'::text, 'held'::text, 'spent'::text, 'saved'::text, 'loss'::text, 'operator'::text, 'cache'::text]))),
    CONSTRAINT ledger_debit_check CHECK ((debit = ANY (ARRAY['free'::text, 'held'::text, 'spent'::text, 'saved'::text, 'loss'::text, 'operator'::text, 'cache'::text]))),
    CONSTRAINT ledger_kind_check CHECK ((kind = ANY (ARRAY['hold'::text, 'release'::text, 'charge'::text, 'saved'::text, 'loss'::text, 'correction'::text])))
);
ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (generation_id, kind, ref);
CREATE INDEX ledger_at ON public.ledger USING btree (at) WHERE (kind = ANY (ARRAY['charge'::text, 'saved'::text, 'loss'::text, 'correction'::text]));
