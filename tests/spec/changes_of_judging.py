"""What the cells of quality, scores and policy stand on."""

from tests.spec.change import WRITING, change, persist

QUALITY, SCORES, POLICY = (f"handlers/stages/{name}.py" for name in ("quality", "score_multi", "policy_flags"))
VERDICT, WEIGHING, ANCHORS = "handlers/quality/verdict.py", "handlers/scores/score.py", "handlers/scores/anchors.py"
DECISION, INPUTS, FLAGS = (f"handlers/policy/{name}.py" for name in ("decision", "inputs", "flags"))
EFFECTS, FACTS, ARGUMENTS = "db/sql/effects.sql", "db/sql/facts.sql", "bildwerk/arguments.py"
PLANNING = "handlers/runner/planning.py"

OUR_CAPTION = 'None if caption else read_ours(facts, "ollama.caption")'
OUR_TEXT = 'None if theirs else read_ours(facts, f"ollama.{name}")'
EVALUATION = "result, SetQuality(judgement.status, judgement.score), AddLifecycleEvent(EVENT, told)"
ADD_EVENT = "await effects.add_event(connection, facts.media_id, stamped)"
NEEDED = "if not facts.score_batch and _read_quality(facts) is None:"
DECIDED = '(result, SetQuality("review"), event) if stricter else (result, event)'
STRICTEST = "max([worst, *(rule.missing for _ in missing), *(Outcome.REVIEW for _ in (*missing, *unreadable))])"
FINDING = "{name: dict(reading.sources) for name, reading in finding.inputs.items()}"
STATUS_LOCK = "ARRAY['*', 'media.quality_status', 'quality_status']"
SCORE_LOCK = "ARRAY['*', 'media.quality_score', 'quality_score']"

QUALITY_CHANGES = (
    change("J4-inputs", "the platform's caption", (QUALITY, '"media caption": caption,', "")),
    change("J4-inputs", "our caption", (QUALITY, OUR_CAPTION, "None")),
    change("J4-inputs", "a caption is invented", (QUALITY, OUR_CAPTION, f'({OUR_CAPTION}) or "x"')),
    change(
        "J4-inputs",
        "the tags",
        (QUALITY, '"media tags": plain_text(", ".join(tag for tag in list_tags(facts) if not gives_orders(tag))),', ""),
    ),
    change("J4-inputs J7-inputs", "the surest tag first", (FACTS, "l.confidence DESC NULLS LAST", "l.confidence")),
    change("J4-inputs", "scan flags", (QUALITY, '"scan flags": say_scan_flags(facts.meta),', "")),
    change("J4-outputs", "no defects", (QUALITY, "[defect.to_json() for defect in defects]", "[]")),
    change("J4-outputs", "no hints", (QUALITY, "[*list_hints(defects, doubts, facts.language)]", "[]")),
    change(
        "J4-outputs",
        "nothing measured",
        (QUALITY, "(*_list_measured(facts), *_list_seen(answer))", "_list_seen(answer)"),
    ),
    change(
        "J4-outputs",
        "nothing seen",
        (QUALITY, "(*_list_measured(facts), *_list_seen(answer))", "_list_measured(facts)"),
    ),
    change("J4-outputs R7", "no columns", (QUALITY, EVALUATION, "result, AddLifecycleEvent(EVENT, told)")),
    change(
        "J4-outputs",
        "no score",
        (QUALITY, "SetQuality(judgement.status, judgement.score)", "SetQuality(judgement.status)"),
    ),
    change(
        "J4-outputs R1 R7",
        "no event",
        (QUALITY, EVALUATION, "result, SetQuality(judgement.status, judgement.score)"),
    ),
    change("J4-outputs J8-outputs R1 R7", "an event twice", (WRITING, ADD_EVENT, f"{ADD_EVENT}; {ADD_EVENT}")),
    change("J4-outputs J8-outputs", "an event of no run", (WRITING, '{**payload, "run": origin.run_id}', "payload")),
    change("J4-outputs J7-outputs", "a result of no run", (WRITING, '{**value, "run": origin.run_id}', "value")),
    change(
        "J4-outputs J8-outputs R7",
        "columns although off",
        (WRITING, 'case SetQuality() if "quality" in self.writes:', "case SetQuality():"),
    ),
    change(
        "J4-outputs J8-outputs R7",
        "events although off",
        (
            WRITING,
            'case AddLifecycleEvent(name, payload) if "events" in self.writes:',
            "case AddLifecycleEvent(name, payload):",
        ),
    ),
    change(
        "J4-tables J8-tables",
        "more of the medium is changed",
        (EFFECTS, "SET {media.quality_status}", "SET width = 1, {media.quality_status}"),
    ),
    change(
        "J4-tables J8-tables",
        "events are read",
        (
            EFFECTS,
            "payload = $3, created_at = now()}",
            "payload = $3, created_at = now()} RETURNING id",
        ),
    ),
    change("J4-runs-when", "what is judged", (QUALITY, "if foreign_status(facts) is not None:", "if False:")),
    change("J4-runs-when", "a reset is no news", (QUALITY, '{"reset": _is_reset(facts)}', "{}")),
    change(
        "J4-runs-when", "a reset is no reason", (QUALITY, "Standing.OURS and not _is_reset(facts)", "Standing.OURS")
    ),
    change(
        "J4-failure-modes", "unclear is ok", (VERDICT, "defect.severity is None or", "defect.severity is not None and")
    ),
    change("J4-failure-modes", "unclear is slight", (VERDICT, '"unclear": None', '"unclear": 0.1')),
    change(
        "J4-failure-modes", "no evidence is no matter", (QUALITY, 'severity if evidence else "unclear"', "severity")
    ),
    change(
        "J4-failure-modes",
        "nobody need look",
        (VERDICT, 'Judgement(score, grade, "review")', 'Judgement(score, grade, "ok")'),
    ),
    change("J4-failure-modes", "a failed result is written", *persist("ollama.quality")),
    change(
        "R6",
        "a person's status",
        (EFFECTS, "OR {media.quality_status of m} = $3::text)", "OR true OR $3::text IS NULL)"),
    ),
    change("R6", "a locked status", (EFFECTS, STATUS_LOCK, "ARRAY['x']")),
    change("R6", "a locked score", (EFFECTS, SCORE_LOCK, "ARRAY['x']")),
)

SCORE_CHANGES = (
    change(
        "J7-inputs",
        "the platform's texts",
        (SCORES, 'texts[f"media {name}"] = theirs', 'texts[f"media {name}"] = None'),
    ),
    change("J7-inputs", "our texts", (SCORES, OUR_TEXT, "None")),
    change("J7-inputs", "the tags", (SCORES, '"media tags": _list_tags(facts),', "")),
    change("J7-inputs", "the prompt", (SCORES, '"media prompt": shown_prompt(facts),', "")),
    change(
        "J7-inputs",
        "a prompt is invented",
        (SCORES, 'shown_prompt(facts),\n            "quality', 'shown_prompt(facts) or "x",\n            "quality'),
    ),
    change(
        "J7-outputs",
        "an axis",
        (SCORES, '"novelty": weigh(a.novelty_level, a.novelty_basis, compute_novelty(facts)),', ""),
    ),
    change(
        "J7-outputs",
        "fidelity is invented",
        (SCORES, "score_fidelity(facts, a.fidelity_level, a.fidelity_basis)", 'weigh("good", a.fidelity_basis)'),
    ),
    change("J7-outputs", "another axis' level", (SCORES, "weigh(a.aesthetic_level,", "weigh(a.novelty_level,")),
    change("J7-outputs", "another number", (ANCHORS, '"good": 0.75', '"good": 0.8')),
    change("J7-outputs", "no limits", (WEIGHING, "if computed is None or computed.limit is None:", "if True:")),
    change("J7-outputs", "completeness is not computed", (SCORES, ", compute_completeness(facts)", "")),
    change("J7-outputs", "compliance is not computed", (SCORES, ", compute_compliance(facts)", "")),
    change("J7-outputs", "novelty is not computed", (SCORES, ", compute_novelty(facts)", "")),
    change(
        "J7-tables",
        "the medium is changed too",
        (
            SCORES,
            "for name, score in axes.items()}}),)",
            'for name, score in axes.items()}}), SetQuality("ok"))',
        ),
        (SCORES, "import Effects, PutMeta", "import Effects, PutMeta, SetQuality"),
    ),
    change("J7-runs-when R8", "a batch is no reason", (SCORES, NEEDED, "if _read_quality(facts) is None:")),
    change("J7-runs-when", "an analysis is no reason", (SCORES, NEEDED, "if not facts.score_batch:")),
    change("J7-runs-when R8", "no reason is needed", (SCORES, NEEDED, "if False:")),
    change("J7-runs-when", "force is a reason", (SCORES, 'Impossible("no_quality")', 'Satisfied("no_quality")')),
    change(
        "J7-runs-when R8",
        "batches are forgotten",
        (PLANNING, "for r in requests if r.score_batch)", "for r in requests if False)"),
    ),
    change("J7-failure-modes", "more fields", (SCORES, 'extra="forbid"', 'extra="ignore"')),
    change(
        "J7-failure-modes", "any word is a level", (SCORES, "    aesthetic_level: Level", "    aesthetic_level: str")
    ),
    change(
        "J7-failure-modes", "an axis less", (SCORES, "    novelty_level: Level", '    novelty_level: Level = "fair"')
    ),
    change("J7-failure-modes", "reasons without end", (SCORES, "Field(max_length=BASIS_LIMIT)", "Field()")),
    change("J7-failure-modes", "a failed result is written", *persist("ollama.scores")),
)

POLICY_CHANGES = (
    change(
        "J8-inputs", "quality", (INPUTS, "lambda: _read_status(facts, quality)", 'lambda: Reading({QUALITY: "ok"})')
    ),
    change("J8-inputs", "scores", (INPUTS, "_read_axis(scores, name.removeprefix(AXIS))", "Reading({SCORES: 1.0})")),
    change("J8-inputs", "scan flags", (INPUTS, "lambda: read_nsfw(facts)", 'lambda: Reading({"x": 0.0})')),
    change("J8-inputs", "flags name no values", (FLAGS, FINDING, "{name: {} for name in finding.inputs}")),
    change(
        "J8-inputs", "sure rules ask", (POLICY, "None if decision.undecided else", "None if decision.findings else")
    ),
    change("J8-inputs", "unsure rules ask nobody", (POLICY, "None if decision.undecided else self", "self")),
    change(
        "J8-inputs",
        "the picture is sent",
        (POLICY, "needs_picture: ClassVar[bool] = False", "needs_picture: ClassVar[bool] = True"),
    ),
    change(
        "J8-outputs",
        "an objection is not heard",
        (POLICY, "return decision if objection is None else", "return decision if True else"),
    ),
    change("J8-outputs", "an objection blocks nothing", (POLICY, '"block": Outcome.BLOCK', '"block": Outcome.REVIEW')),
    change("J8-outputs", "an objection is no review", (POLICY, '"review": Outcome.REVIEW', '"review": Outcome.PASS')),
    change("J8-outputs", "no status", (POLICY, DECIDED, "(result, event)")),
    change(
        "J8-outputs R1 R7", "no event", (POLICY, DECIDED, '(result, SetQuality("review")) if stricter else (result,)')
    ),
    change("J8-outputs", "no reason", (FLAGS, '"blocked_reason": decision.blocked_reason', '"blocked_reason": None')),
    change(
        "J8-outputs J8-failure-modes",
        "no review",
        (FLAGS, '"needs_review": decision.needs_review', '"needs_review": False'),
    ),
    change(
        "J8-outputs J8-failure-modes",
        "all is publishable",
        (FLAGS, '"publishable": decision.publishable', '"publishable": True'),
    ),
    change("J8-runs-when", "all are staged", (POLICY, "if self.when == STAGING and", "if False and")),
    change("J8-runs-when", "the setting", (ARGUMENTS, ", settings.policy_when)", ")")),
    change("J8-runs-when R8", "without anything to decide on", (POLICY, "and not has_results(facts)", "and False")),
    change("J8-runs-when", "a new scan flag is no news", (POLICY, "NSFW: dict(nsfw.sources), ", "")),
    change("J8-runs-when", "what was decided stands", (POLICY, " and self._stands(facts) else", " else")),
    change(
        "J8-failure-modes",
        "conflicts",
        (DECISION, "conflict=worst >= Outcome.REVIEW and best < worst", "conflict=False"),
    ),
    change("J8-failure-modes", "doubts", (DECISION, "or finding.doubtful for", "for")),
    change("J8-failure-modes", "what is missing is harmless", (DECISION, STRICTEST, "worst")),
    change("J8-failure-modes", "a person's word", (INPUTS, "if theirs is not None:", "if False:")),
    change("J8-failure-modes", "a grade's word", (INPUTS, 'sources[f"{QUALITY}.grade"] = "review"', "pass")),
    change("J8-failure-modes", "a failed result is written", *persist("ollama.policy_flags")),
)

CHANGES = (*QUALITY_CHANGES, *SCORE_CHANGES, *POLICY_CHANGES)
