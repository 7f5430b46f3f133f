CREATE TABLE public.tintype_alembic (
    version_num character varying(32) NOT NULL
);
ALTER TABLE ONLY public.tintype_alembic
    ADD CONSTRAINT tintype_alembic_pkc PRIMARY KEY (version_num);
