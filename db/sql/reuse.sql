-- name: reuse_contents
-- The contents that show these pixels, are fit to be shown, and were answered about ($4 is the job type). A hash of pixels
-- does not tell 2 x 8 of them from 4 x 4.
SELECT p.content_hash FROM bildwerk.pictures AS p
WHERE p.pixel_hash = $1 AND p.width = $2 AND p.height = $3 AND p.unreadable IS NULL
    AND EXISTS (
        SELECT FROM bildwerk.runs AS r
        WHERE r.content_hash = p.content_hash AND r.job_type = $4 AND r.outcome IN ('done', 'kept')
            AND r.raw_answer IS NOT NULL AND r.reused_from IS NULL
    )
ORDER BY p.number DESC LIMIT $5

-- name: reuse_answers
-- The newest answers of the job type $2 about one of the contents $1, with one of the fingerprints $3 and in the language
-- $4, as far as they still stand: something of what was written for them ($5 are the fields of the job type) is there as
-- it was written, at the medium that was asked about; and nobody changed any of it, or a tag, there or at a medium that
-- took the answer over, or gave the field a value under the platform's own name ($6). Both media ($8 is the one to be
-- answered) say the same under the keys $7. A medium that is gone says nothing.
WITH newest AS MATERIALIZED (
    SELECT r.id, r.media_id, r.recipe, r.model, r.raw_answer FROM bildwerk.runs AS r
    WHERE r.content_hash = ANY($1::text[]) AND r.job_type = $2 AND r.outcome IN ('done', 'kept')
        AND r.raw_answer IS NOT NULL AND r.reused_from IS NULL
        AND r.fingerprint = ANY($3::text[]) AND r.language = $4
    ORDER BY r.id DESC LIMIT $9
)
SELECT n.id, n.media_id, n.recipe, n.model, n.raw_answer
FROM newest AS n JOIN public.media AS p ON p.id = n.media_id
WHERE EXISTS (
        SELECT FROM bildwerk.written AS w
        JOIN public.media_meta AS v ON v.media_id = w.media_id AND v.key = w.field AND v.value = w.value
        WHERE w.media_id = n.media_id AND w.run_id = n.id AND w.field = ANY($5::text[])
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
                    ON o.media_id = w.media_id AND o.key = ANY($6::text[]) AND w.field = 'ollama.' || o.key
                    AND coalesce(btrim(o.value #>> '{}'), '') NOT IN ('', '[]', '{}')
                WHERE w.media_id = r.media_id AND w.run_id = r.id AND w.field = ANY($5::text[])
                    AND (v.value IS DISTINCT FROM w.value OR o.value <> w.value)
            )
            OR EXISTS (
                SELECT FROM bildwerk.tag_links AS b
                WHERE b.media_id = r.media_id AND b.run_id = r.id AND NOT EXISTS (
                    SELECT FROM public.media_tags AS l
                    WHERE l.media_id = b.media_id AND l.tag_id = b.tag_id
                        AND (l.confidence, l.weight) IS NOT DISTINCT FROM (
                            {media_tags.confidence from b.confidence}, {media_tags.weight from b.weight}
                        )
                )
            )
    )
    AND NOT EXISTS (
        SELECT FROM unnest($7::text[]) AS k (key)
        LEFT JOIN public.media_meta AS a ON a.media_id = n.media_id AND a.key = k.key
        LEFT JOIN public.media_meta AS b ON b.media_id = $8::bigint AND b.key = k.key
        WHERE nullif(btrim(a.value #>> '{}'), '') IS DISTINCT FROM nullif(btrim(b.value #>> '{}'), '')
    )
ORDER BY n.id DESC
