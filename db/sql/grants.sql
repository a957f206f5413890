-- name: grants_missing
-- What of the privileges asked for, each on a table or on one of its columns, the role lacks.
SELECT n.name, n.attribute, n.privilege
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS n (name, attribute, privilege, position)
WHERE to_regclass(n.name) IS NULL OR NOT CASE
    WHEN n.attribute = '' THEN has_table_privilege(to_regclass(n.name), n.privilege)
    WHEN NOT EXISTS (
        SELECT FROM pg_attribute AS a
        WHERE a.attrelid = to_regclass(n.name) AND a.attname = n.attribute AND NOT a.attisdropped
    ) THEN false
    ELSE has_column_privilege(to_regclass(n.name), n.attribute, n.privilege)
END
ORDER BY n.position
