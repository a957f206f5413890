-- name: grants_missing
-- What of the privileges asked for (kind of object, its name, a column or '', the privilege) the role lacks; and the use
-- of sequences that number the new rows of a table. What is not there is not asked about. Looked up in the catalogue,
-- which says it without any privilege.
WITH wanted AS (
    SELECT g.kind, g.name, g.attribute, g.privilege, g.position, n.oid AS schema, c.oid AS relation
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
        WITH ORDINALITY AS g (kind, name, attribute, privilege, position)
    JOIN pg_namespace AS n ON n.nspname = (parse_ident(g.name))[1]
    LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = (parse_ident(g.name))[2]
    WHERE g.kind = 'SCHEMA' OR c.oid IS NOT NULL
)
SELECT w.kind, w.name, w.attribute, w.privilege, w.position
FROM wanted AS w
WHERE w.kind = 'SCHEMA' AND NOT has_schema_privilege(w.schema, w.privilege)
    OR w.kind = 'TABLE' AND w.attribute = '' AND NOT has_table_privilege(w.relation, w.privilege)
    OR w.attribute <> '' AND EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = w.relation AND a.attname = w.attribute AND NOT a.attisdropped
            AND NOT has_column_privilege(w.relation, a.attnum, w.privilege)
    )
UNION ALL
SELECT 'SEQUENCE', format('%I.%I', n.nspname, s.relname), '', 'USAGE', w.position
FROM wanted AS w
JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = w.relation AND d.refobjsubid > 0
    AND d.classid = 'pg_class'::regclass AND d.deptype = 'a'
JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_namespace AS n ON n.oid = s.relnamespace
WHERE w.kind = 'TABLE' AND w.privilege = 'INSERT' AND NOT has_sequence_privilege(s.oid, 'USAGE')
ORDER BY position

-- name: grants_ours_missing
-- What is in our schema and the role may not work with, as far as that can be seen: a migration after `--service` made it.
SELECT format('%I.%I', n.nspname, c.relname) AS name
FROM pg_namespace AS n JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v')
WHERE n.nspname = 'bildwerk' AND NOT (
    has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    AND (c.relkind = 'v' OR c.relname IN ('migrations', 'installation')
        OR has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
        AND has_table_privilege(c.oid, 'DELETE'))
)
ORDER BY c.relname
