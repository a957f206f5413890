-- name: export_page
-- The next media that a person may mean: $1 the last one seen, $2 how many, $3 ids or null, $4 a pattern for LIKE or
-- null, $5 a moment or null: since then the platform touched the medium's row, or one of its jobs or fields changed.
SELECT m.id
FROM bildwerk.media AS m
JOIN public.media AS p ON p.id = m.id
WHERE m.id > $1 AND ($3::bigint[] IS NULL OR m.id = ANY($3)) AND ($4::text IS NULL OR p.path LIKE $4)
    AND (
        $5::timestamptz IS NULL OR p.updated_at >= $5
        OR EXISTS (SELECT FROM bildwerk.jobs AS j WHERE j.media_id = m.id AND j.changed_at >= $5)
        OR EXISTS (SELECT FROM bildwerk.written AS w WHERE w.media_id = m.id AND w.written_at >= $5)
    )
ORDER BY m.id
LIMIT $2

-- name: export_languages
-- What our fields were asked for in, where that is known.
SELECT w.media_id, w.field, r.language
FROM bildwerk.written AS w JOIN bildwerk.runs AS r ON r.id = w.run_id
WHERE w.media_id = ANY($1::bigint[]) AND r.language <> ''
