-- The whole schema of Tintype as its migrations leave it, beside Procrastinate's own. A test compares the two.

-- Every migration this database has had, written by the migration itself: older code than `oldest_code` refuses.
CREATE TABLE tintype_revisions (
    revision text PRIMARY KEY,
    oldest_code text NOT NULL,
    code text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- Every migration of Procrastinate's own that this database has had, by the name of its file.
CREATE TABLE tintype_engine (
    migration text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- Where the migrating library notes which revision is the latest.
CREATE TABLE tintype_alembic (
    version_num varchar(32) NOT NULL,
    CONSTRAINT tintype_alembic_pkc PRIMARY KEY (version_num)
);
