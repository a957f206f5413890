"""That the quality bench runs, and that its figures are the ones they are called."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bench.quality import data, report
from bench.quality.defects import DEFECTS, to_image
from bench.quality.edits import EDITS
from bench.quality.looks import LOOKS, blur, to_levels, to_light
from bench.quality.moments import MOMENTS
from bench.quality.originals import originals
from bench.quality.parts import Section, Table
from bench.quality.statistics import area, area_interval, upper_bound
from bildwerk.sandbox.process import Process, Program
from handlers.inspect.measuring import measure
from handlers.quality.measured import LIMITS, find_defects, scores

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def scene() -> data.Pixels:
    return data.draw(np.random.default_rng(5), (384, 256))


async def test_the_bench_runs_and_writes_its_tables(tmp_path: Path) -> None:
    (tmp_path / "quality.md").write_text("before\n<!-- measured: defects -->\nold\n<!-- end -->\nafter\n")
    argv = [sys.executable, "-m", "bench.quality", "defects", "--quick"]
    argv += ["--docs", str(tmp_path), "--output", str(tmp_path / "out")]
    process = await Process.start(Program("bench", argv, tmp_path / "printed", cwd=REPOSITORY))
    try:
        assert await process.wait() == 0, process.read_tail()
    finally:
        await process.stop()
    written = (tmp_path / "quality.md").read_text()
    assert written.startswith("before\n<!-- measured: defects -->\n")
    assert written.endswith("\n<!-- end -->\nafter\n")
    assert "old" not in written
    assert all(f"| `{code}` | {way} |" in written for code, ways in DEFECTS.items() for way in ways)
    assert (tmp_path / "quality-defects.svg").read_text().startswith("<svg")
    assert len(list((tmp_path / "out").glob("quality-*.json"))) == 1


def test_edits_are_made_and_are_no_moments(scene: data.Pixels) -> None:
    image, random = to_image(scene), np.random.default_rng(0)
    assert EDITS["turned by 90°"](image, random).size == (256, 384)
    assert EDITS["crop 5 %, each side"](image, random).size == (346, 230)
    assert EDITS["border 5 %"](image, random).size == (422, 294)
    assert {EDITS["crop 5 %, one side"](image, random).size for _ in range(20)} == {(365, 256), (384, 243)}
    for moment in MOMENTS.values():
        made = moment(scene, scene[::-1], random)
        assert made.shape == scene.shape
        assert np.abs(made - scene).mean() > 0.5


def test_no_original_is_in_both_halves() -> None:
    tuning, test = ({one.name for one in originals(half)} for half in ("tuning", "test"))
    assert tuning & test == set()
    assert len(tuning) == len(test) == 40


def test_a_part_without_a_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "quality.md").write_text("nothing here\n")
    with pytest.raises(ValueError, match="0 places for mine"):
        report.write(tmp_path, "mine", Section([Table("a", ("b",), [("c",)])]))


def test_no_picture_is_in_both_halves() -> None:
    tuning, test = ({(one.package, one.place) for one in data.SOURCES[half]} for half in ("tuning", "test"))
    assert tuning & test == set()
    assert set(data.DRAWN["tuning"]) & set(data.DRAWN["test"]) == set()
    assert all(sample.read().shape[2] == 3 for half in data.SOURCES for sample in data.load(half) if not sample.drawn)


def test_every_defect_that_is_measured_is_benched() -> None:
    assert DEFECTS.keys() == LIMITS.keys()
    assert all(2 <= len(ways) <= 3 for ways in DEFECTS.values())


@pytest.mark.parametrize("code", DEFECTS)
def test_a_stronger_defect_scores_higher_than_a_weaker_one(code: str, scene: data.Pixels) -> None:
    images = [to_image(spoil(scene, np.random.default_rng(0))) for spoil in DEFECTS[code].values()]
    found = [scores(measure(image), *image.size)[code] for image in (to_image(scene), *images)]
    assert found[0] < min(found[1:])
    if code != "low_resolution":  # whose first is small, and whose others are enlarged
        assert all(weaker <= stronger * 1.001 for weaker, stronger in pairwise(found))


@pytest.mark.parametrize("look", LOOKS)
def test_a_drawn_scene_raises_no_alarm_in_any_look(look: str, scene: data.Pixels) -> None:
    image = to_image(LOOKS[look](scene, np.random.default_rng(0)))
    assert [defect.code for defect in find_defects(measure(image), *image.size)] == []


def test_light_comes_back_from_levels() -> None:
    levels = np.arange(256, dtype=np.float32)
    assert to_levels(to_light(levels)) == pytest.approx(levels, abs=0.01)
    assert to_light(np.array([118.0], np.float32))[0] == pytest.approx(0.18, abs=0.005)  # a grey card


def test_a_blur_is_as_wide_as_it_says() -> None:
    edge = np.zeros((64, 256), np.float32)
    edge[:, 128:] = 1
    for radius in (2, 6, 20):
        steepest = float(np.diff(blur(edge, radius)[32]).max())
        assert steepest == pytest.approx(1 / (radius * np.sqrt(2 * np.pi)), rel=0.15)


def test_areas_and_bounds() -> None:
    assert area([3, 4], [1, 2]) == 1
    assert area([1], [1]) == 0.5
    assert area([1, 3], [2]) == 0.5
    low, high = area_interval({"a": [3], "b": [1]}, {"a": [0, 2], "b": [0]})
    assert low <= area([3, 1], [0, 2, 0]) <= high
    assert upper_bound(0, 300) == pytest.approx(0.00994, abs=1e-4)  # the rule of three
    assert upper_bound(3, 100) == pytest.approx(0.0757, abs=1e-3)
