"""What Ollama may send instead of an answer, and what becomes of the job: one table, tried on every job type.

`python -m tests.acceptance.bad_answers` writes it into docs/bad-answers.md; a test fails when the two differ.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handlers.inference.layout import system_text

PAGE = Path(__file__).resolve().parents[2] / "docs" / "bad-answers.md"
SILENT = ("none", "no_prompt")
BEGIN, END = "<!-- table -->\n", "<!-- end -->"


@dataclass(frozen=True)
class Usual:
    """What the model answers to the same question when nothing is wrong; `task` is the question's own text."""

    answer: dict[str, Any]
    schema: dict[str, Any]
    task: str

    @property
    def texts(self) -> list[str]:
        """The names of the fields whose words are free."""
        return [name for name, part in self.schema["properties"].items() if is_text(part)]

    @property
    def lists(self) -> list[str]:
        """The names of the fields that are lists of free words."""
        return [name for name, part in self.schema["properties"].items() if is_text(part.get("items", {}))]

    @property
    def choices(self) -> list[str]:
        """The names of the fields whose words are given."""
        return [name for name, part in self.schema["properties"].items() if "enum" in part]

    def with_texts(self, text: str) -> dict[str, Any]:
        """The answer with this in every field whose words are free, as far as a server's grammar would let it.

        Choices are such that no text is dropped because there is nothing to say.
        """
        properties = self.schema["properties"]
        said = {name: text[: properties[name]["maxLength"] - 1] for name in self.texts}
        chosen = {name: next(word for word in properties[name]["enum"] if word not in SILENT) for name in self.choices}
        return {**self.answer, **said, **chosen}

    def with_names(self, *names: str) -> dict[str, Any]:
        """The answer with these in every list, as far as a server's grammar would let it."""
        return {**self.answer, **{name: [*names][: self.schema["properties"][name]["maxItems"]] for name in self.lists}}

    def with_fields(self, value: Any) -> dict[str, Any]:
        """The answer with this in every field."""
        return dict.fromkeys(self.answer, value)


@dataclass(frozen=True)
class Fate:
    """What becomes of it. `calls` is how often the model was asked before the job was done with, or put off."""

    status: str
    reason: str
    run: str
    host: str = "closed"
    calls: int = 1

    def __str__(self) -> str:
        job = {"failed": "failed", "done": "done", "due": "tried again"}[self.status]
        if self.run == "unavailable":
            job = "waits for the host"
        return f"{job} (`{self.reason}`)" if self.reason else job


def failed(reason: str, calls: int = 1) -> Fate:
    """The job has failed: nothing but new pixels or a request starts it again."""
    return Fate("failed", reason, "failed", calls=calls)


def again(reason: str) -> Fate:
    """The job is tried again with back-off."""
    return Fate("due", reason, "retry")


def waits(reason: str) -> Fate:
    """No try is burned, and the host is asked no more until it is well."""
    return Fate("due", reason, "unavailable", "open")


def done(calls: int = 1) -> Fate:
    """The answer is good once it is cleaned."""
    return Fate("done", "", "done", calls=calls)


Rule = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One row: what is sent, made from the usual answer, and what becomes of it; of some job types something else.

    `where` says for which answers it makes sense.
    """

    id: str
    what: str
    send: Callable[[Usual], Rule]
    fate: Fate
    remark: str = ""
    other: Mapping[str, Fate] = field(default_factory=dict)
    where: Callable[[Usual], bool] = lambda _: True

    @property
    def name(self) -> str:
        """How pytest shows it."""
        return f"{self.id}-{self.what.replace(' ', '_')}"

    def fate_of(self, job_type: str) -> Fate:
        """What becomes of this job type's."""
        return self.other.get(job_type, self.fate)


def is_text(part: Mapping[str, Any]) -> bool:
    """Whether a field of a schema takes free words."""
    return part.get("type") == "string" and "enum" not in part


def fault(name: str, **more: Any) -> Callable[[Usual], Rule]:
    """A fault of the simulated server, whatever would be answered."""
    return lambda _: {"fault": name, **more}


def say(text: Callable[[Usual], str]) -> Callable[[Usual], Rule]:
    """The model says this."""
    return lambda usual: {"fault": "say", "text": text(usual)}


def answer(document: Callable[[Usual], Any]) -> Callable[[Usual], Rule]:
    """The model says this in JSON."""
    return say(lambda usual: json.dumps(document(usual)))


def texts(text: str) -> Callable[[Usual], Rule]:
    """The model's answer has this in every field whose words are free."""
    return answer(lambda usual: usual.with_texts(text))


def names(*said: str) -> Callable[[Usual], Rule]:
    """The model's answer has these in every list."""
    return answer(lambda usual: usual.with_names(*said))


def first_names(*said: str) -> Callable[[Usual], Rule]:
    """The model's answer has these in its first list, whatever the grammar says."""
    return answer(lambda usual: {**usual.answer, usual.lists[0]: [*said]})


def first_text(length: int) -> Callable[[Usual], Rule]:
    """The model's answer has so many characters in the first field whose words are free."""
    text = "A dog by the lake. " * (length // 19)
    return answer(lambda usual: {**usual.answer, usual.texts[0]: text})


def question(usual: Usual) -> dict[str, Any]:
    """An answer that is made of the question."""
    return usual.with_texts(usual.task.split("data>")[-1].strip())


def body(text: Callable[[Usual], str], status: int = 200, **headers: str) -> Callable[[Usual], Rule]:
    """The server responds like this."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda usual: {"fault": "body", "status": status, "text": text(usual), "headers": named}


def envelope(**message: str) -> str:
    """A complete answer of the server."""
    return json.dumps({"model": "x", "message": {"role": "assistant", **message}, "done": True, "done_reason": "stop"})


def has_texts(usual: Usual) -> bool:
    """Some words are free."""
    return bool(usual.texts)


def has_names(usual: Usual) -> bool:
    """Some fields are lists of free words."""
    return bool(usual.lists)


def has_choices(usual: Usual) -> bool:
    """Some words are given."""
    return bool(usual.choices)


_GERMAN = "Ein Hund mit einem Ball vor dem See und eine Katze auf der Bank"
_DIRTY = "A dog by the\u202e lake\u2066\u200b\ufeff\x00\x07 \x1b[31mred\x1b[0m\u2069"
_MARKED = "A dog <script>alert(1)</script> [by](https://evil.example/x) www.evil.example, a lake"
_ONCE = "the same question would get the same answer: temperature 0, one seed"
_QUALITY, _SCORES, _PROMPT = "ollama_quality", "ollama_score_multi", "ollama_prompt_recon"

CASES = (
    Case("L1", "JSON that breaks off", fault("broken_json"), failed("not_json"), f"not asked again: {_ONCE}"),
    Case("L1", "prose instead of JSON", fault("prose"), failed("not_json")),
    Case(
        "L1", "JSON in a fence with a greeting",
        say(lambda usual: f"Sure! Here it is:\n```json\n{json.dumps(usual.answer)}\n```"),
        failed("not_json"), "nothing is cut out of prose: the server was given a grammar",
    ),
    Case("L2", "another object", answer(lambda usual: {"answer": usual.answer}), failed("wrong_shape"),
         "every answer is validated again, strictly"),
    Case("L2", "a list around it", answer(lambda usual: [usual.answer]), failed("wrong_shape")),
    Case("L2", "numbers for words", answer(lambda usual: usual.with_fields(7)), failed("wrong_shape")),
    Case("L2", "1000 brackets", say(lambda _: "[" * 1000 + "]" * 1000), failed("too_deep"),
         "the parser itself stops at 1024"),
    Case("L3", "an empty object", say(lambda _: "{}"), failed("wrong_shape")),
    Case("L3", "white space without end", fault("whitespace_flood"), failed("length", 2),
         "ends at `num_predict`; asked once more with twice the room"),
    Case("L3", "a brace and white space", say(lambda _: "{" + "\n" * 3000), failed("not_json")),
    Case("L4", "cut off at its length, twice", fault("truncated"), failed("length", 2),
         "the one answer that is asked for again, with twice the room"),
    Case("L4", "cut off at its length, once", fault("truncated", next=1), done(2)),
    Case("L4", "`done` is false", fault("done_false"), failed("unfinished")),
    Case("L5", "nothing at all", say(lambda _: ""), failed("empty")),
    Case("L5", "null", say(lambda _: "null"), failed("wrong_shape")),
    Case("L5", "null in every field", answer(lambda usual: usual.with_fields(None)), failed("wrong_shape")),
    Case("L5", "empty texts", texts(""), failed("wrong_shape"), where=has_texts,
         other={_QUALITY: done(), _SCORES: failed("empty_talk"), _PROMPT: failed("no_subject")}),
    Case("L5", "texts of white space", texts(" \u200b\u00a0 "), failed("empty_talk"),
         "a defect without evidence is unclear, and a person looks",
         {_QUALITY: done(), _PROMPT: failed("no_subject")}, has_texts),
    Case("L5", "no name at all", names(), failed("no_tags"), where=has_names),
    Case("L5", "names of white space", names("", " \u200b\u00a0 "), failed("no_tags"), where=has_names),
    Case("L6", "a choice that was not given", answer(lambda usual: {**usual.answer, usual.choices[0]: "superb"}),
         failed("wrong_shape"), "never moved to the nearest choice", where=has_choices),
    Case("L6", "a score of 1.7", answer(lambda usual: {**usual.answer, [*usual.answer][-1]: 1.7}),
         failed("wrong_shape"), "no job type asks for numbers: levels are named"),
    Case("L6", "NaN", say(lambda usual: json.dumps(usual.with_fields(float("nan")))), failed("not_json")),
    Case("L7", "texts of 50 000 characters", first_text(50_000), failed("wrong_shape"),
         "the grammar ends a text at its limit; a longer one comes from a server without it, and is not shortened",
         where=has_texts),
    Case("L7", "an answer of 100 000 characters", first_text(100_000), failed("answer_too_large"),
         where=has_texts),
    Case("L7", "a name of 50 000 characters", first_names("lake" * 12_500), failed("wrong_shape"), where=has_names),
    Case("L7", "a thousand names", first_names(*map("lake {}".format, range(1000))), failed("wrong_shape"),
         where=has_names),
    Case("L8", "control, bidi, zero-width characters and colours of a terminal", texts(_DIRTY), done(),
         "stripped; what is stored holds none", where=has_texts),
    Case("L8", "the same in names", names("sky", "la\u202ek\u2066e\x00", "\u200bhill\ufeff\x07"), done(),
         where=has_names),
    Case("L9", "a script, a markdown link and an address", texts(_MARKED), done(),
         "markup is stored as text and escaped where it is shown; addresses become an ellipsis", where=has_texts),
    Case("L9", "the same in names",
         names("<script>alert(1)</script>", "[sky](https://evil.example)", "www.evil.example"),
         failed("no_tags"), "none of them is a tag", where=has_names),
    Case("L9", "addresses among good names", names("sky", "lake", "https://evil.example", "[hill](www.evil.example)"),
         done(), "left out, also of what is kept as the model said it", where=has_names),
    Case("L10", "one phrase without end", texts("the lake, the lake, the lake, the lake, the lake, the lake"),
         failed("repetition"), where=has_texts),
    Case("L10", "one character without end", texts("A laaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaake."), failed("repetition"),
         where=has_texts),
    Case("L10", "one name without end", names(*["lake"] * 20), failed("bare_word"), where=has_names),
    Case("L10", "a name of one character without end", names("l" + "a" * 30 + "ke"), failed("no_tags"),
         where=has_names),
    Case("L11", "a refusal instead of JSON", say(lambda _: "I'm sorry, but I can't help with that."),
         failed("not_json"), "failed, not skipped: what comes later looks at the data"),
    Case("L11", "a refusal in the texts", texts("I'm sorry, but I can't help with that."), failed("refusal"),
         where=has_texts),
    Case("L11", "a refusal in the names", names("I'm sorry, but I can't help with that."), failed("no_tags"),
         where=has_names),
    Case("L12", "thoughts in tags before the JSON",
         say(lambda usual: f"<think>Well.</think>{json.dumps(usual.answer)}"), failed("not_json"),
         "every request says `think: false`; a server too old to heed it is not given a model that thinks"),
    Case("L12", "thoughts in tags in the texts", texts("<think>Well.</think> A dog."), failed("template_leak"),
         where=has_texts),
    Case("L12", "thoughts in tags in the names", names("<think>Well.</think> sky"), failed("no_tags"), where=has_names),
    Case("L12", "thoughts in their own field, and an answer",
         body(lambda usual: envelope(thinking="Well.", content=json.dumps(usual.answer))), done()),
    Case("L12", "nothing but thoughts", body(lambda _: envelope(thinking="Well.", content="")),
         failed("only_thoughts")),
    Case("L13", "a field too many", answer(lambda usual: {**usual.answer, "note": "By the way."}),
         failed("wrong_shape"), "all fields are named in the schema"),
    Case("L14", "the system's text", texts(system_text("en").split(". ")[2].split(" and ")[1]), failed("prompt_echo"),
         "holds no secret, so nobody is alarmed", where=has_texts),
    Case("L14", "the question's own text", answer(question),
         failed("prompt_echo"), where=has_texts),
    Case("L14", "the question's own words as names", answer(lambda usual: usual.with_names(*usual.task.split()[-20:])),
         failed("no_tags"), where=has_names),
    Case("L15", "German where English was asked for", texts(_GERMAN), failed("wrong_language"),
         "not stored with a mark: nobody would read the mark", where=has_texts),
    Case("L15", "German names where English was asked for", names("Hund", "Katze", "Himmel", "Straße"),
         failed("wrong_language"), where=has_names),
    Case("L16", "404, the model is missing", fault("status", status=404), waits("model_missing"),
         "other hosts go on; without any the work waits"),
    Case("L17", "400", fault("status", status=400, error="bad"), failed("bad_request")),
    Case("L17", "401", fault("status", status=401), waits("unauthorized")),
    Case("L17", "403", fault("status", status=403), waits("forbidden")),
    Case("L17", "413", fault("status", status=413), failed("request_too_large")),
    Case("L17", "429", fault("status", status=429), waits("rate_limited")),
    Case("L17", "500", fault("status", status=500, error="out of luck"), again("server_error"),
         "a host is doubted after five such failures in a row"),
    Case("L17", "503", fault("status", status=503), waits("server_busy")),
    Case("L18", "the connection is refused", fault("refuse"), waits("unreachable")),
    Case("L18", "reset before the first byte", fault("hang_up"), again("connection_reset"),
         "the request may be what broke it, so a try is counted; the host is doubted after five in a row"),
    Case("L18", "reset amid the answer", fault("reset"), again("partial_answer")),
    Case("L19", "a response of 2 MiB", body(lambda _: "x" * (2 << 20)), again("response_too_large"),
         "read no further than 1 MiB"),
    Case("L19", "a compressed response", body(lambda _: "x", content_encoding="gzip"), waits("encoded_response"),
         "not unpacked"),
    Case("L19", "a redirect", body(lambda _: "", 307, location="/api/chat"), waits("redirected"), "not followed"),
    Case("L19", "no JSON by its own account", body(lambda _: envelope(content="{}"), content_type="text/html"),
         waits("not_ollama")),
)  # fmt: skip

LOST = Case("L20", "an answer after the lease was lost", fault("hang"), Fate("due", "", "superseded"),
            "discarded by the fence, and counted as `lease_lost`")  # fmt: skip


def render() -> str:
    """The table in Markdown."""
    lines = ["| | what comes | the job | run record | host | calls | remark |", "|---|---|---|---|---|---|---|"]
    for case in (*CASES, LOST):
        others = [f"`{job}`: {fate}" for job, fate in case.other.items()]
        remark = "; ".join(filter(None, [case.remark, *others]))
        fate = case.fate
        host = "goes on" if fate.host == "closed" else "asked no more until a probe finds it well"
        lines.append(f"| {case.id} | {case.what} | {fate} | {fate.run} | {host} | {fate.calls} | {remark} |")
    return "\n".join(lines) + "\n"


def fill(page: str) -> str:
    """The page with the table made anew."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}{render()}{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text("utf-8")), "utf-8")
