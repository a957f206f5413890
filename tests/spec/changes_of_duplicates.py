"""What the cells of duplicates stand on."""

from tests.spec.change import WRITING, change, persist

STAGE, SEEKING = "handlers/stages/duplicate_assist.py", "handlers/runner/seeking.py"
MATCHING, LEVELS, CLUSTERS, QUESTIONS, REPORT, TELLING = (
    f"handlers/duplicates/{name}.py" for name in ("matching", "levels", "clusters", "questions", "report", "telling")
)
PLAN, PLANNING = "handlers/plan.py", "handlers/runner/planning.py"
DUPLICATES, FACTS, EFFECTS = "db/sql/duplicates.sql", "db/sql/facts.sql", "db/sql/effects.sql"
VIEW = "db/migrations/0005_duplicates.sql"
MOMENTS, LAYOUT = "handlers/inspect/moments.py", "handlers/inference/layout.py"

TOLD = 'known = {"media file": file_line(facts)} | {'
SHOWN = "companions=tuple(_show(alias, pair) for alias, pair in shown),"
CONDITION = "return Impossible(_find_reason(likeness)) if is_empty(facts.meta.get(REPORT)) else Due()"
STANDS = 'return Satisfied("present") if standing is Standing.OURS and _is_same(facts.meta[REPORT], report) else Due()'
BEST = "(member.pixels, member.file_size or 0, -member.media_id)"
SAID = 'told |= {"relation": pair.opinion.relation.value, "better": keep.value, "reason": pair.opinion.reason}'
EVERYBODY = "[PlanRequest(media_id) for media_id in concerned]"
REFEREE = "'referee', l.referee = m.id"
NEIGHBOURS = "neighbours = snapshot.facts.referred if self.chain.neighbourly.intersection(announced) else frozenset()"
JUDGED = "if sorted(said.alias for said in answer.others) != wanted:"
OPINED = "await duplicates.opine(connection, facts.media_id, origin.run_id, opinions)"
OUTDATED = "WHERE (one = $1 AND one_pixels <> $2) OR (other = $1 AND other_pixels <> $2)"
LIST = "Annotated[list[Comparison], Field(min_length=1, max_length=3)]"

CHANGES = (
    change("J5-inputs", "the others are not shown", (STAGE, SHOWN, "")),
    change("J5-inputs", "others are shown first", (LAYOUT, "return own + others", "return others + own")),
    change("J5-inputs", "letters are mixed up", (STAGE, SHOWN, SHOWN.replace("in shown", "in reversed(shown)"))),
    change(
        "J5-inputs",
        "letters are not named",
        (LAYOUT, "_without_markers(_COMPANION.format(alias=s.alias)), s.rendition", '"Another one.", s.rendition'),
    ),
    change("J5-inputs", "nothing measured is told", (STAGE, TOLD, 'known = {"media file": file_line(facts)} or {')),
    change(
        "J5-inputs", "the hash leads to nobody", (DUPLICATES, "WHERE m.platform_hash = $4", "WHERE false AND $4 = ''")
    ),
    change(
        "J5-inputs", "the pHash leads to nobody", (SEEKING, "if candidate.platform_phash is not None:", "if False:")
    ),
    change("J5-inputs", "the pHash is not kept to be found", (SEEKING, "for value in told]", "for value in ()]")),
    change("J5-inputs", "the hash is not told", (MATCHING, 'said["platform_hash"] = "same"', "pass")),
    change("J5-inputs", "the pHash is not told", (TELLING, 'evidence.get("platform_phash_bits")', "None")),
    change("J5-outputs", "the older one is not told", (SEEKING, EVERYBODY, "[PlanRequest(subject.media_id)]")),
    change("J5-outputs R1 R7", "what was said is not kept", (WRITING, OPINED, "pass")),
    change("J5-outputs", "who is alike is not called", (PLANNING, NEIGHBOURS, "neighbours = frozenset[int]()")),
    change(
        "J5-outputs",
        "who is one picture is not called",
        (SEEKING, "if further := called.difference(", "if further := {*()} and called.difference("),
    ),
    change(
        "J5-outputs R1",
        "what is done stays as it is",
        (PLAN, "_renew(stage, facts, verdict) if renewable else verdict", "verdict"),
    ),
    change(
        "J5-outputs",
        "pairs of other pixels stand",
        (DUPLICATES, OUTDATED, "WHERE $1 < 0 AND $2 = ''"),
        (VIEW, "AND c.pixel_hash = p.pixels", ""),
        (VIEW, "AND o.pixel_hash = p.neighbour_pixels", ""),
    ),
    change(
        "J5-outputs", "no cluster", (REPORT, '"cluster": list(cluster) if best is not None else []', '"cluster": []')
    ),
    change(
        "J5-outputs",
        "a cluster ends at the next one",
        (CLUSTERS, "if small is large or not", "if len(large.media) > 1 or not"),
    ),
    change("J5-outputs", "the best copy is any", (CLUSTERS, BEST, "(-member.media_id,)")),
    change("J5-outputs", "the largest file", (CLUSTERS, BEST, "(member.pixels, -member.media_id)")),
    change("J5-outputs", "the oldest", (CLUSTERS, BEST, "(member.pixels, member.file_size or 0, member.media_id)")),
    change("J5-outputs", "no evidence", (REPORT, '"evidence": dict(pair.evidence)', '"evidence": {}')),
    change("J5-outputs", "no level", (REPORT, '"level": pair.level.value', '"level": "near"')),
    change("J5-outputs R1", "nothing of what was said", (REPORT, SAID, "pass")),
    change(
        "J5-outputs",
        "the better one is seen from one side",
        (REPORT, "pair.opinion.keep if pair.referee else _swap(pair.opinion.keep)", "pair.opinion.keep"),
    ),
    change("J5-outputs R7", "no hints", (REPORT, "[name for name, there in hints.items() if there]", "[]")),
    change(
        "J5-outputs",
        "who is unrelated is named",
        (REPORT, "together = (pair for pair in likeness.pairs if not _is_apart(pair))", "together = likeness.pairs"),
    ),
    change(
        "J5-outputs",
        "the model's word does not count",
        ("contracts/duplicates.py", "if relation is None else relation in DUPLICATE", ""),
        (VIEW, "d.same, p.relation IN ('same', 'edited'), p.level", "d.same, p.level"),
    ),
    change("J5-outputs", "no version", (REPORT, '"version": VERSION,', "")),
    change(
        "J5-runs-when",
        "the same picture is not asked about",
        (
            "contracts/duplicates.py",
            "frozenset({Level.SAME_PICTURE, Level.SAME_MOMENT,",
            "frozenset({Level.SAME_MOMENT,",
        ),
    ),
    change(
        "J5-runs-when",
        "what is proven is asked about",
        (
            "contracts/duplicates.py",
            "frozenset({Level.SAME_PICTURE, Level.SAME_MOMENT,",
            "frozenset({Level.SAME_BYTES, Level.SAME_PICTURE, Level.SAME_MOMENT,",
        ),
    ),
    change(
        "J5-runs-when",
        "nobody can be found",
        (SEEKING, "await _index(connection, subject.candidate)", "pass"),
    ),
    change("J5-runs-when", "bytes do not count", (LEVELS, "mine.content_hash == theirs.content_hash", "False")),
    change(
        "J5-runs-when",
        "pixels do not count",
        (LEVELS, "mine.pixel_hash is not None and mine.pixel_hash == theirs.pixel_hash", "False"),
    ),
    change(
        "J5-runs-when", "moments are not read", (MOMENTS, "return None if exif is None else _read(exif)", "return None")
    ),
    change("J5-runs-when", "prompts do not count", (DUPLICATES, "WHERE c.prompt_key = $5", "WHERE false AND $5 = ''")),
    change(
        "J5-runs-when",
        "near is not enough",
        (LEVELS, "else Level.NEAR", "else None"),
    ),
    change(
        "J5-runs-when",
        "a search is not awaited",
        (STAGE, 'return Awaiting("search")', 'return Impossible("no_candidates")'),
    ),
    change("J5-runs-when", "a referee is not awaited", (STAGE, "if self.room and any(", "if False and any(")),
    change("J5-runs-when", "both ask", (FACTS, REFEREE, "'referee', true")),
    change("J5-runs-when", "the older one asks", (FACTS, REFEREE, REFEREE.replace("=", "<>"))),
    change(
        "J5-runs-when",
        "who was left unasked is asked",
        (REPORT, "return replace(pair, closed=True", "return replace(pair, closed=pair.closed"),
        (QUESTIONS, "if pair.media_id in opinions or not pair.closed", "if pair.media_id in opinions"),
    ),
    change("J5-runs-when", "force asks nothing", (QUESTIONS, "(forced or not p.closed)", "not p.closed")),
    change("J5-runs-when", "closed ones are asked again", (QUESTIONS, " and (forced or not p.closed)", "")),
    change(
        "J5-runs-when R6", "decisions are asked again", (QUESTIONS, "if p.decision is None and (forced", "if (forced")
    ),
    change(
        "J5-runs-when",
        "groups are shown whole",
        (
            QUESTIONS,
            "if len(pairs) <= min(room, len(ALIASES)) else list(pairs[: min(room, 1)])",
            "if len(pairs) <= min(room, len(ALIASES)) else list(pairs[:room])",
        ),
    ),
    change(
        "J5-runs-when",
        "all goes by pairs",
        (QUESTIONS, "if len(pairs) <= min(room, len(ALIASES))", "if len(pairs) <= 1"),
    ),
    change("J5-runs-when", "decisions are not heeded", (REPORT, "return not pair.decision", "return False")),
    change(
        "J5-runs-when",
        "decisions do not join",
        (
            "contracts/duplicates.py",
            "    if decision is not None:\n        return decision\n    return level in",
            "    return level in",
        ),
    ),
    change(
        "J5-failure-modes R6",
        "force without candidates",
        (STAGE, CONDITION, CONDITION.replace("Impossible", "Satisfied")),
    ),
    change(
        "J5-failure-modes",
        "nobody is told of",
        (STAGE, "if is_empty(facts.meta.get(REPORT))", "if REPORT in facts.meta"),
    ),
    change(
        "J5-failure-modes R8",
        "a failed referee is awaited",
        (FACTS, "AND coalesce(j.status IN ('waiting', 'due'), false),", ","),
    ),
    change(
        "J5-failure-modes",
        "what is undecided is not said",
        (REPORT, '"undecided": any(', '"undecided": False and any('),
    ),
    change(
        "J5-failure-modes",
        "one may be overlooked",
        (STAGE, JUDGED, "if not {said.alias for said in answer.others} <= {*wanted}:"),
    ),
    change(
        "J5-failure-modes",
        "one may be judged twice",
        (STAGE, JUDGED, "if sorted({said.alias for said in answer.others}) != wanted:"),
    ),
    change("J5-failure-modes", "any picture may be named", (STAGE, 'Alias = Literal["A", "B", "C"]', "Alias = str")),
    change(
        "J5-failure-modes",
        "any word is a relation",
        (STAGE, 'relation: Literal["same", "edited", "burst", "variant", "unrelated"]', "relation: str"),
    ),
    change("J5-failure-modes", "nobody needs to be judged", (STAGE, LIST, LIST.replace("min_length=1, ", ""))),
    change(
        "J5-failure-modes",
        "no word on which is better",
        (STAGE, 'keep: Literal["this", "other", "neither"]', 'keep: Literal["this", "other", "neither"] = "neither"'),
    ),
    change("J5-failure-modes", "more fields", (STAGE, "alias: Alias", "certain: bool = False\n    alias: Alias")),
    change("J5-failure-modes", "a failed report is written", *persist("ollama.duplicate_assist")),
    change(
        "J5-outputs",
        "what is written stands",
        (STAGE, STANDS, STANDS.replace(" and _is_same(facts.meta[REPORT], report)", "")),
    ),
    change(
        "R2",
        "both ask, whoever did",
        (FACTS, REFEREE, "'referee', true"),
        (QUESTIONS, " and (forced or not p.closed)", ""),
    ),
    change(
        "R6",
        "a report by hand is ours",
        (
            STAGE,
            'if standing is Standing.KEPT:\n            return Impossible("kept_for_person")',
            "if False:\n            pass",
        ),
        (EFFECTS, " AND {media_meta.value of m} = $6", " AND ($6::jsonb IS NOT NULL)"),
        ("contracts/facts.py", " or self.meta[key] != written.value", ""),
    ),
)
