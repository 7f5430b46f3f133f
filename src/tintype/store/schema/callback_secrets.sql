CREATE TABLE public.callback_secrets (
    id bigint NOT NULL,
    key_id text NOT NULL,
    secret bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    retires_at timestamp with time zone
);
ALTER TABLE public.callback_secrets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.callback_secrets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY public.callback_secrets
    ADD CONSTRAINT callback_secrets_pkey PRIMARY KEY (id);
CREATE INDEX callback_secrets_key ON public.callback_secrets USING btree (key_id);
ALTER TABLE ONLY public.callback_secrets
    ADD CONSTRAINT callback_secrets_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.keys(id);
