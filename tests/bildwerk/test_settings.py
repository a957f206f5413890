"""Settings: what people write, what they get wrong, and that no value shows up in an error."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from bildwerk.arguments import make_choice, make_planner, make_sources
from bildwerk.cli.config import show
from bildwerk.environment import SettingsError, read, variables
from bildwerk.settings import Settings

DSN = "postgresql://ingrid:geheim@db:5432/media"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the person's own environment; only the database is set."""
    for name in list(os.environ):
        if name.startswith("BILDWERK_") or name.removesuffix("_FILE") in variables(Settings):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", DSN)


def problems() -> tuple[str, ...]:
    """What `read` complains about."""
    with pytest.raises(SettingsError) as caught:
        read(Settings)
    return caught.value.problems


def test_hosts_have_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "gpu1=4, gpu2:80")

    hosts = read(Settings).ollama_host

    assert [(h.url, h.slots) for h in hosts] == [("http://gpu1:11434", 4), ("http://gpu2:80", 1)]


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "PLAINTEXT://a:9092, b:9092")
    monkeypatch.setenv("BILDWERK_WRITES", "tags,events")

    settings = read(Settings)

    assert settings.kafka_bootstrap_servers == ("a:9092", "b:9092")
    assert settings.writes == ("tags", "events")


def test_an_events_key_stands_around_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(Settings).event_key == "{media_id}"
    monkeypatch.setenv("BILDWERK_EVENT_KEY", "media-{media_id}")
    assert read(Settings).event_key == "media-{media_id}"
    for wrong in ("media", "{media_id}{media_id}", "{id}", "a\n{media_id}", "x" * 128 + "{media_id}"):
        monkeypatch.setenv("BILDWERK_EVENT_KEY", wrong)
        assert [problem.split(":")[0] for problem in problems()] == ["BILDWERK_EVENT_KEY"]


def test_optional_writes_are_undecided_by_default() -> None:
    assert read(Settings).writes is None


def test_optional_writes_can_all_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILDWERK_WRITES", "none")
    assert read(Settings).writes == ()


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILDWERK_TRIES", "")
    monkeypatch.setenv("DATABASE_URL", "")

    assert problems() == ("DATABASE_URL is not set: it looks like postgresql://user:password@host:5432/database",)


def test_a_value_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text(f"{DSN}-2\n")
    (tmp_path / "model").write_text("llava\n")
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "dsn"))
    monkeypatch.setenv("BILDWERK_MODEL_FILE", str(tmp_path / "model"))

    settings = read(Settings)

    assert f"{DSN}-2" == settings.database_url.get_secret_value()
    assert settings.model == "llava"


def test_a_file_and_a_value_are_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", "/etc/hostname")

    assert "both set" in problems()[0]


def test_a_file_that_is_not_there_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILDWERK_MODEL_FILE", "/nowhere/geheim")

    (line,) = problems()

    assert line.startswith("BILDWERK_MODEL_FILE ")
    assert "geheim" not in line


def test_every_problem_is_one_line_and_quotes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://ingrid:geheim@db/media")
    monkeypatch.setenv("OLLAMA_HOST", "ftp://ingrid:geheim@gpu")
    monkeypatch.setenv("BILDWERK_TRIES", "geheim")
    monkeypatch.setenv("BILDWERK_LEASE_SECONDS", "-1")
    monkeypatch.setenv("BILDWERK_MODLE", "geheim")

    lines = problems()

    assert {
        "DATABASE_URL",
        "OLLAMA_HOST",
        "BILDWERK_TRIES",
        "BILDWERK_LEASE_SECONDS",
        "BILDWERK_MODLE",
    } == {line.split(" ")[0].rstrip(":") for line in lines}
    assert "BILDWERK_MODLE is not a setting: did you mean BILDWERK_MODEL?" in lines
    assert "geheim" not in "".join(lines)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("BILDWERK_FOO", "1", "BILDWERK_FOO is not a setting; `bildwerk config` lists all"),
        ("BILDWERK_LANGUAGE", "Deutsch", "BILDWERK_LANGUAGE: must be the code of a language, such as en, de or pt-BR"),
        ("KAFKA_BOOTSTRAP_SERVERS", ",", "KAFKA_BOOTSTRAP_SERVERS: must name at least one server, as host:port"),
        ("OLLAMA_HOST", "a,a", "OLLAMA_HOST: names a:11434 twice; write a:11434=SLOTS once instead"),
    ],
)
def test_a_line_says_what_would_be_right(monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str) -> None:
    monkeypatch.setenv(name, value)

    assert problems() == (line,)


def test_secrets_do_not_show_in_a_representation() -> None:
    assert "geheim" not in repr(read(Settings))


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        read(Settings).tries = 4


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILDWERK_MODEL", "llava")

    assert read(Settings, model="moondream").model == "moondream"


def test_every_setting_says_what_it_does() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_which_media_are_worked_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "paths").write_text("private/\n*.tmp.jpg, old/**\n")
    monkeypatch.setenv("BILDWERK_EXCEPT_PATHS_FILE", str(tmp_path / "paths"))
    monkeypatch.setenv("BILDWERK_ONLY_TYPES", "JPG, image/png")
    monkeypatch.setenv("BILDWERK_ONLY_AGE", "2h..")
    monkeypatch.setenv("BILDWERK_ONLY_META", "album, rights=mine")
    settings = read(Settings)
    choice = make_choice(settings)

    assert tuple(map(str, choice.except_paths)) == ("private/", "*.tmp.jpg", "old/**")
    assert choice.only_types == ("image/jpeg", "image/png")
    assert (choice.age.least, choice.age.most) == (7200, None)
    assert choice.keys == {"album", "rights", "bildwerk.skip"}
    assert make_planner(settings).chain.choice == choice
    assert [show(getattr(settings, name)) for name in ("only_age", "only_meta")] == ["2h..", "album,rights=mine"]


def test_rules_that_cannot_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILDWERK_ONLY_TYPES", "jpge")
    monkeypatch.setenv("BILDWERK_ONLY_AGE", "7d")
    monkeypatch.setenv("BILDWERK_EXCEPT_META", "ollama.caption")
    monkeypatch.setenv("BILDWERK_ONLY_PATHS", "/")

    known = "types are jpeg, png, webp, gif, avif, heic, or MIME types such as image/x-adobe-dng"
    assert set(problems()) == {
        "BILDWERK_ONLY_PATHS: a path pattern is empty",
        f"BILDWERK_ONLY_TYPES: there is no jpge: {known}",
        "BILDWERK_ONLY_AGE: is no range: it looks like 2h.. (at least), ..9h (at most) or 2h..9h",
        "BILDWERK_EXCEPT_META: ollama.caption is written by these jobs, and cannot decide whether they run",
    }


def test_media_roots_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILDWERK_MEDIA_ROOTS", "photos=/mnt/a=b, scans-2=/mnt/scans")

    assert read(Settings).media_roots == {"photos": Path("/mnt/a=b"), "scans-2": Path("/mnt/scans")}


@pytest.mark.parametrize("value", ["photos", "photos=", "=/mnt", "Photos=/mnt", "s3=/mnt", "file=/mnt", "2024=/mnt"])
def test_what_is_no_name_of_a_root_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("BILDWERK_MEDIA_ROOTS", value)
    (problem,) = problems()
    assert problem.startswith("BILDWERK_MEDIA_ROOTS: ")


def test_stores_elsewhere_are_off_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_sources(read(Settings)).remotes == {}
    monkeypatch.setenv("BILDWERK_S3_BUCKETS", "photos,scans")
    monkeypatch.setenv("BILDWERK_HTTP_REFERENCES", "Example.org, cdn:8443")
    monkeypatch.setenv("BILDWERK_HTTP_ALLOWED_NETWORKS", "10.1.0.0/16, 192.168.7.7")

    sources = make_sources(read(Settings))
    assert sources.stores == ("s3://photos", "s3://scans")
    assert sources.locate("https://example.org/a").store == "https://example.org:443"
    assert sources.locate("http://cdn:8443/a").store == "http://cdn:8443"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BILDWERK_S3_ACCESS_KEY_ID", "AKIA"),
        ("BILDWERK_S3_SECRET_ACCESS_KEY", "geheim"),
        ("BILDWERK_S3_ENDPOINT", "minio:9000"),
        ("BILDWERK_S3_ENDPOINT", "https://me:geheim@minio"),
        ("BILDWERK_HTTP_ALLOWED_NETWORKS", "10.1.0.1/16"),
        ("BILDWERK_MEDIA_ROOT_SENTINEL", "a/b"),
        ("BILDWERK_MEDIA_ROOT_SENTINEL", ".."),
    ],
)
def test_halves_and_mistakes_are_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    (problem,) = problems()
    assert name in problem
    assert "geheim" not in problem
