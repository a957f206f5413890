"""The mapping as people write it: in a file, in the environment, and every mistake as one line."""

from pathlib import Path

import pytest

from bildwerk.arguments import make_choice, make_database, make_writer
from bildwerk.environment import SettingsError, read
from bildwerk.platform_entries import Platform, read_platform
from bildwerk.platform_file import BadMapping, parse
from bildwerk.settings import Settings
from contracts.facts import QUALITY_STATUS
from db.platform import OURS, Table
from tests.platforms import NAMES, file, mapping

LINES = [
    ({"medai": {}}, "medai is nothing that can be set: did you mean media?"),
    ({"media": False}, "media is a section with `table` and `columns`"),
    ({"tags": True}, "tags is a section with `table` and `columns`, or false where there is none"),
    ({"media": {"tabel": "x"}}, "media.tabel is nothing that can be set: did you mean table?"),
    ({"media": {"table": 7}}, "media.table is the name of a table, such as schema.table"),
    ({"media": {"table": "app."}}, "media.table is the name of a table, such as schema.table"),
    ({"media": {"columns": {"pth": "x"}}}, "media.columns.pth is nothing that can be set: did you mean path?"),
    ({"media": {"columns": {"path": False}}}, "media.columns.path must be there: name the column"),
    (
        {"media": {"columns": {"hash": ""}}},
        "media.columns.hash is the name of a column, or false where there is none",
    ),
    ({"media": {"columns": {"hash": "h", "phash": "h"}}}, "media.columns names h twice"),
    ({"media": {"columns": "path"}}, "media.columns is a section of its own"),
    (
        {"media": {"words": {"quality": {}}}},
        "media.words.quality is nothing that can be set: did you mean quality_status?",
    ),
    ({"media": {"words": {"quality_status": {"ok": 1}}}}, "media.words.quality_status.ok is a word"),
    (
        {"media": {"words": {"quality_status": {"ok": "review"}}}},
        "media.words.quality_status has one word for two of unknown, ok, review, defect",
    ),
    ({"media_meta": {"keys": {"lock": "x"}}}, "media_meta.keys.lock is nothing that can be set: did you mean locks?"),
    ({"media_meta": {"keys": {"title": "ollama.title"}}}, "media_meta.keys.title begins with ollama., which is ours"),
    ({"media_meta": {"keys": {"title": 3}}}, "media_meta.keys.title is a key, or false where there is none"),
    ({"media_meta": {"types": {"value": "xml"}}}, "media_meta.types.value is one of jsonb, json, text"),
]


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one setting that must be there."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://ingrid:geheim@db:5432/media")


@pytest.mark.parametrize(("document", "line"), LINES, ids=[line.split(" ")[0] for _, line in LINES])
def test_every_mistake_is_one_line(document: dict[str, object], line: str) -> None:
    with pytest.raises(BadMapping) as caught:
        parse(document)
    assert caught.value.args == (line,)


def test_every_mistake_is_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "platform.toml").write_text("labels = false\n[media]\ntable = 1\n[media.columns]\nid = false\n")
    monkeypatch.setenv("BILDWERK_PLATFORM", str(tmp_path / "platform.toml"))

    with pytest.raises(SettingsError) as caught:
        read(Settings)

    assert [line.removeprefix("BILDWERK_PLATFORM: ").split(" ")[0] for line in caught.value.problems] == [
        "labels", "media.table", "media.columns.id",
    ]  # fmt: skip
    assert all(line.startswith("BILDWERK_PLATFORM: ") for line in caught.value.problems)


@pytest.mark.parametrize(
    ("content", "said"), [(b"[media", "not TOML"), (b"\xff", "not UTF-8"), (b"#" * 200_000, "larger")]
)
def test_a_file_that_is_none_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "platform.toml").write_bytes(content)
    monkeypatch.setenv("BILDWERK_PLATFORM", str(tmp_path / "platform.toml"))

    with pytest.raises(SettingsError) as caught:
        read(Settings)

    (line,) = caught.value.problems
    assert line.startswith("BILDWERK_PLATFORM: ")
    assert said in line


def test_what_is_not_named_has_our_name() -> None:
    platform = parse({"media": {"table": "app.assets", "columns": {"path": "file", "hash": False}}, "tags": False})

    table = platform.tables["media"]
    assert table == Table("app", "assets", {**(OURS.tables["media"] or table).columns, "path": "file", "hash": None})  # type: ignore[union-attr]
    assert platform.tables["tags"] is None
    assert platform.tables["media_meta"] == OURS.tables["media_meta"]


def test_the_environment_sets_single_entries_with_and_without_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BILDWERK_PLATFORM__MEDIA__TABLE", "app.assets")
    monkeypatch.setenv("BILDWERK_PLATFORM__MEDIA__COLUMNS__HASH", "false")
    monkeypatch.setenv("BILDWERK_PLATFORM__PROMPT_HISTORY", "false")

    alone = make_database(read(Settings)).platform
    monkeypatch.setenv("BILDWERK_PLATFORM", str(file("photo-manager")))
    over_file = make_database(read(Settings)).platform
    (tmp_path / "name").write_text(f"{file('photo-manager')}\n")
    monkeypatch.delenv("BILDWERK_PLATFORM")
    monkeypatch.setenv("BILDWERK_PLATFORM_FILE", str(tmp_path / "name"))

    assert make_database(read(Settings)).platform == over_file
    for platform in (alone, over_file):
        assert str(platform.tables["media"]) == '"app"."assets"'
        assert not platform.has("media.hash")
        assert not platform.has("prompt_history")
    assert alone.has("tags.name")
    assert '"relativePath"' in over_file.relation("media")


def test_an_entry_that_is_none_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILDWERK_PLATFORM__MEDIA__COLUMNS__PTH", "x")

    with pytest.raises(SettingsError) as caught:
        read(Settings)

    assert caught.value.problems == (
        "BILDWERK_PLATFORM: media.columns.pth is nothing that can be set: did you mean path?",
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_entries_in_force_say_the_same_again(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    platform = read_platform(file(name))
    assert isinstance(platform, Platform)
    for variable, value in platform.entries():
        monkeypatch.setenv(variable, value)

    assert make_database(read(Settings)).platform == mapping(name)


@pytest.mark.parametrize(
    ("writes", "policy_when", "line"),
    [
        ("quality", "always", "there is no media.quality_status, but BILDWERK_WRITES names quality"),
        ("prompts", "always", "there is no prompt_history.source, but BILDWERK_WRITES names prompts"),
        ("events", "always", "there is no media_lifecycle_events, but BILDWERK_WRITES names events"),
        ("provenance", "staging", "there is no media.publish_state, but BILDWERK_POLICY_WHEN is staging"),
    ],
)
def test_a_write_that_has_nowhere_to_go_is_refused(
    monkeypatch: pytest.MonkeyPatch, writes: str, policy_when: str, line: str
) -> None:
    monkeypatch.setenv("BILDWERK_PLATFORM", str(file("photo-manager")))
    monkeypatch.setenv("BILDWERK_WRITES", writes)
    monkeypatch.setenv("BILDWERK_POLICY_WHEN", policy_when)

    with pytest.raises(SettingsError) as caught:
        read(Settings)

    (said,) = caught.value.problems
    assert said.startswith(f"BILDWERK_PLATFORM: {line}: ")


def test_tags_have_nowhere_to_go_without_both_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILDWERK_PLATFORM", str(file("minimal")))
    monkeypatch.setenv("BILDWERK_WRITES", "tags")

    with pytest.raises(SettingsError) as caught:
        read(Settings)

    assert [line.split(",")[0].rpartition(" ")[2] for line in caught.value.problems] == ["tags", "media_tags"]


def test_in_mapped_tables_nothing_optional_is_written_until_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where our own tables are in the database, too."""
    assert "tags" in make_writer(read(Settings), owns_platform=True).writes
    monkeypatch.setenv("BILDWERK_PLATFORM", str(file("generator-gallery")))

    assert make_writer(read(Settings), owns_platform=True).writes == frozenset()


def test_of_the_quality_only_columns_that_are_there_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILDWERK_PLATFORM", str(file("generator-gallery")))
    monkeypatch.setenv("BILDWERK_PLATFORM__MEDIA__COLUMNS__QUALITY_SCORE", "false")
    monkeypatch.setenv("BILDWERK_WRITES", "quality")

    assert make_writer(read(Settings), owns_platform=False).columns == {QUALITY_STATUS}


def test_media_are_chosen_by_the_platforms_own_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILDWERK_PLATFORM", str(file("generator-gallery")))
    monkeypatch.setenv("BILDWERK_EXCEPT_META", "moderation/nsfw,positive_prompt,album")

    assert [label.key for label in make_choice(read(Settings)).except_meta] == ["scan.nsfw", "prompt", "album"]


def test_one_key_of_theirs_is_not_two_of_ours() -> None:
    with pytest.raises(BadMapping, match="note for two keys"):
        parse({"media_meta": {"keys": {"caption": "note", "description": "note"}}})
