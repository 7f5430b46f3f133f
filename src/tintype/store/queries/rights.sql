-- Changes nothing; who we are, quoted as an identifier is, which schema new tables would be in, and whether we may make them.
SELECT
    quote_ident(current_user) AS role, current_database() AS database, quote_ident(s.name) AS schema,
    coalesce(has_schema_privilege(to_regnamespace(quote_ident(s.name))::oid, 'CREATE')
        AND has_schema_privilege(to_regnamespace(quote_ident(s.name))::oid, 'USAGE'), false) AS may_create
FROM (SELECT coalesce(current_schema()::text, 'public') AS name) AS s
