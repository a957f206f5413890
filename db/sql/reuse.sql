-- name: reuse_contents
-- The contents that show these pixels and are fit to be shown. A hash of pixels does not tell 2 x 8 of them from 4 x 4.
SELECT content_hash FROM bildwerk.pictures
WHERE pixel_hash = $1 AND width = $2 AND height = $3 AND unreadable IS NULL
ORDER BY number DESC LIMIT $4

-- name: reuse_answers
-- The newest answers with one of the fingerprints $1 in the language $2, as far as they still stand: something of what
-- was written for them ($3 are the fields of the job type) is there as it was written, at the medium that was asked
-- about; and nobody changed any of it, nor took away a tag, neither there nor at a medium that took the answer over, nor
-- gave the field a value under the platform's own name ($4). Both media ($6 is the one to be answered) say the same
-- under the keys $5. A medium that is gone says nothing.
WITH newest AS MATERIALIZED (
    SELECT r.id, r.media_id, r.recipe, r.model, r.raw_answer FROM bildwerk.runs AS r
    WHERE r.fingerprint = ANY($1::text[]) AND r.language = $2 AND r.outcome IN ('done', 'kept')
        AND r.raw_answer IS NOT NULL AND r.reused_from IS NULL
    ORDER BY r.id DESC LIMIT $7
)
SELECT n.id, n.media_id, n.recipe, n.model, n.raw_answer
FROM newest AS n JOIN public.media AS p ON p.id = n.media_id
WHERE EXISTS (
        SELECT FROM bildwerk.written AS w
        JOIN public.media_meta AS v ON v.media_id = w.media_id AND v.key = w.field AND v.value = w.value
        WHERE w.media_id = n.media_id AND w.run_id = n.id AND w.field = ANY($3::text[])
    )
    AND NOT EXISTS (
        SELECT FROM (
            SELECT n.id, n.media_id
            UNION ALL
            SELECT t.id, t.media_id FROM bildwerk.runs AS t JOIN public.media AS q ON q.id = t.media_id
            WHERE t.reused_from = n.id
        ) AS r
        WHERE EXISTS (
                SELECT FROM bildwerk.written AS w
                LEFT JOIN public.media_meta AS v ON v.media_id = w.media_id AND v.key = w.field
                LEFT JOIN public.media_meta AS o
                    ON o.media_id = w.media_id AND o.key = ANY($4::text[]) AND w.field = 'ollama.' || o.key
                    AND coalesce(btrim(o.value #>> '{}'), '') NOT IN ('', '[]', '{}')
                WHERE w.media_id = r.media_id AND w.run_id = r.id AND w.field = ANY($3::text[])
                    AND (v.value IS DISTINCT FROM w.value OR o.value <> w.value)
            )
            OR EXISTS (
                SELECT FROM bildwerk.tag_links AS b
                WHERE b.media_id = r.media_id AND b.run_id = r.id AND NOT EXISTS (
                    SELECT FROM public.media_tags AS l
                    WHERE l.media_id = b.media_id AND l.tag_id = b.tag_id
                        AND (l.confidence, l.weight) IS NOT DISTINCT FROM (b.confidence, b.weight)
                )
            )
    )
    AND NOT EXISTS (
        SELECT FROM unnest($5::text[]) AS k (key)
        LEFT JOIN public.media_meta AS a ON a.media_id = n.media_id AND a.key = k.key
        LEFT JOIN public.media_meta AS b ON b.media_id = $6 AND b.key = k.key
        WHERE nullif(btrim(a.value #>> '{}'), '') IS DISTINCT FROM nullif(btrim(b.value #>> '{}'), '')
    )
ORDER BY n.id DESC
