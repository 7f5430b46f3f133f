CREATE TABLE public.orders (
    id text NOT NULL COLLATE pg_catalog."C",
    key_id text NOT NULL,
    kind text NOT NULL,
    plan jsonb DEFAULT '{}'::jsonb NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
CREATE INDEX orders_key ON public.orders USING btree (key_id, id);
CREATE TRIGGER orders_film AFTER INSERT ON public.orders FOR EACH ROW WHEN ((new.kind = 'film'::text)) EXECUTE FUNCTION public.tintype_film_asked();
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_key_id_fkey FOREIGN KEY (key_id) REFERENCES public.keys(id);
