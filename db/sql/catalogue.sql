-- name: catalogue_tables
-- The tables named (schema $1, name $2) as they are: their columns, each with its type (of a domain the one below it),
-- whether that is limited, to how many characters, and whether a new row must give it a value; and what is unique.
SELECT
    c.relname AS name, n.nspname AS schema, c.relkind IN ('v', 'm') AS is_view,
    (
        SELECT jsonb_object_agg(a.attname, jsonb_build_array(
            coalesce(b.typname, t.typname), a.atttypmod <> -1,
            CASE WHEN t.typname = 'varchar' AND a.atttypmod > 4 THEN a.atttypmod - 4 END,
            a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = ''
        ))
        FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS columns,
    ARRAY(
        SELECT jsonb_agg(a.attname)
        FROM pg_index AS i
        CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (number, place)
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL
            AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
        GROUP BY i.indexrelid
    ) AS keys
FROM unnest($1::text[], $2::text[]) AS w (schema, name)
JOIN pg_namespace AS n ON n.nspname = w.schema
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
