"""What must hold of the Dockerfile, without a Docker engine."""

import re
import tomllib
from fnmatch import fnmatch

from tests.compose.reading import ROOT, image_environment, load_services, load_stages, mounts, only

STAGES = load_stages()
LAST = STAGES[-1]
ALL = [one for stage in STAGES for one in stage]


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a file or folder away from the build; the last line that fits decides."""
    verdict = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.lstrip("!")
        if line and not line.startswith("#") and (fnmatch(path, pattern) or path.startswith(f"{pattern}/")):
            verdict = not line.startswith("!")
    return verdict


def test_what_builds_is_left_behind() -> None:
    assert len(STAGES) > 1
    assert [one for one in LAST if "pip" in one.text or "hatchling" in one.text] == []
    copies = [one for one in LAST if one.name == "COPY"]
    assert [one.flags for one in copies] == [("--from=build",)]


def test_base_images_have_a_version_and_our_python_is_one_that_is_tested() -> None:
    bases = [one.words()[0] for one in ALL if one.name == "FROM"]
    assert len(set(bases)) == 1
    found = re.fullmatch(r"python:(3\.\d+)-slim-\w+", bases[0])
    assert found
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"Programming Language :: Python :: {found[1]}" in project["classifiers"]


def test_it_runs_as_nobody_that_could_be_root() -> None:
    user, group = only(LAST, "USER").text.split(":")
    assert int(user) > 0
    assert int(group) > 0
    after = LAST[LAST.index(only(LAST, "USER")) :]
    assert [one.name for one in after if one.name in ("RUN", "COPY", "ADD")] == []
    assert load_services()["serve"]["user"] == f"{user}:{group}"


def test_nothing_runs_through_a_shell() -> None:
    for name in ("ENTRYPOINT", "CMD"):
        assert only(LAST, name).text.startswith("[")
    assert re.match(r"CMD \[", only(LAST, "HEALTHCHECK").text)
    assert only(LAST, "ENTRYPOINT").words() + only(LAST, "CMD").words() == ["bildwerk", "serve"]


def test_nothing_is_fetched_but_locked_packages() -> None:
    assert [one for one in ALL if one.name == "ADD" or "://" in one.text] == []
    installs = [one.text for one in ALL if one.name == "RUN" and "pip install" in one.text]
    locked, offline = installs
    assert "--require-hashes" in locked
    assert "-r requirements/runtime.txt" in locked
    assert "--no-index" in offline


def test_all_that_is_copied_is_there_and_reaches_the_build() -> None:
    sources = [word for one in STAGES[0] if one.name == "COPY" for word in one.words()[:-1]]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if ignored(source)] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) < set(sources)


def test_what_is_private_does_not_reach_the_build() -> None:
    private = (".env", ".git", ".venv", "media", "tests", "docker-compose.override.yml", "requirements/dev.txt")
    assert [path for path in private if not ignored(path)] == []


def test_the_image_knows_the_folders_that_are_mounted() -> None:
    targets = {target for _, target, _ in mounts(load_services()["serve"])}
    told = image_environment()
    assert {told["BILDWERK_MEDIA_ROOT"], told["BILDWERK_CACHE_FOLDER"]} <= targets
    made = next(one.words() for one in LAST if one.name == "RUN")
    assert made[:3] == ["install", "-d", "-m"]
    assert {*made[4:], told["BILDWERK_MEDIA_ROOT"]} == targets


def test_health_is_asked_where_the_pages_are() -> None:
    told = image_environment()
    port = told["BILDWERK_WEB_PORT"]
    checks = [only(LAST, "HEALTHCHECK").text, load_services()["serve"]["healthcheck"]["test"][-1]]
    assert only(LAST, "EXPOSE").text == port
    assert all(f"'127.0.0.1', {port}" in check for check in checks)
    assert ["/healthz" in checks[0], "/readyz" in checks[1]] == [True, True]
    assert told["BILDWERK_WEB_HOST"] == "0.0.0.0"
