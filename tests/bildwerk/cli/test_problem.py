"""Which errors are lines for a person, and which are mistakes of ours."""

import asyncpg
import pytest

from bildwerk.cli.problem import Problem, lines_of
from bildwerk.environment import SettingsError
from bildwerk.web.server import PortTaken


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (Problem("one", "two"), ["one", "two"]),
        (SettingsError("DATABASE_URL is not set"), ["DATABASE_URL is not set"]),
        (FileNotFoundError(2, "No such file or directory", "x"), ["x: No such file or directory"]),
        (FileExistsError(17, "File exists", "x"), ["x: is there already, and is not a folder"]),
        (OSError(28, "No space left on device", "x"), ["x: No space left on device"]),
        (asyncpg.UndefinedColumnError("geheim"), ["PostgreSQL lacks a column: run `bildwerk migrate`"]),
        (
            asyncpg.ConnectionDoesNotExistError("geheim"),
            ["PostgreSQL closed the connection: is it restarting, or is our certificate refused?"],
        ),
        (ExceptionGroup("many", [Problem("one"), ExceptionGroup("more", [Problem("two")])]), ["one", "two"]),
    ],
)
def test_the_environment_is_blamed_in_lines(error: BaseException, lines: list[str]) -> None:
    assert lines_of(error) == lines


def test_a_taken_port_names_its_setting() -> None:
    assert "BILDWERK_WEB_PORT" in (lines_of(PortTaken("cannot listen at 127.0.0.1:8080")) or [""])[0]


def test_an_error_of_the_database_that_we_do_not_know_is_named_and_not_quoted() -> None:
    (line,) = lines_of(asyncpg.CheckViolationError("geheim")) or ()

    assert "CheckViolationError 23514" in line
    assert "geheim" not in line


@pytest.mark.parametrize(
    "error", [KeyError("x"), OSError(9, "x"), ExceptionGroup("x", [Problem("one"), KeyError("x")])]
)
def test_mistakes_of_ours_are_not_hidden(error: BaseException) -> None:
    assert lines_of(error) is None
