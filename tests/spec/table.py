"""All rows of the specification, in its order: eight job types, and the rules for all of them."""

from tests.spec import (
    j1_caption,
    j2_title,
    j3_tags_normalize,
    j4_quality,
    j5_duplicate_assist,
    j6_prompt_recon,
    j7_score_multi,
    j8_policy_flags,
    rules,
)

ROWS = (
    j1_caption.ROW,
    j2_title.ROW,
    j3_tags_normalize.ROW,
    j4_quality.ROW,
    j5_duplicate_assist.ROW,
    j6_prompt_recon.ROW,
    j7_score_multi.ROW,
    j8_policy_flags.ROW,
    rules.ROW,
)
CELLS = tuple(cell for row in ROWS for cell in row.cells)
