"""The drawing of what was measured: every figure is at its place, and nothing that is not an SVG comes out."""

from collections.abc import AsyncGenerator
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from bench import plot, report
from bench.comparison import Comparison, Plan, Round, Table

SVG = "{http://www.w3.org/2000/svg}"
FIGURES = st.floats(1e-6, 1e9)
ROUNDS = st.lists(st.fixed_dictionaries({"a < b": FIGURES, "c & d": FIGURES}), min_size=1, max_size=5)


def draw(table: Table, rounds: list[dict[str, dict[str, float]]]) -> ET.Element:
    async def measure(_plan: Plan) -> AsyncGenerator[Round, None]:
        yield {}

    comparison = Comparison("x", "y > z", {"t": table}, measure)
    return ET.fromstring(plot.draw(comparison, report.summarise(comparison, rounds)))  # noqa: S314 - our own


@given(ROUNDS, st.none() | FIGURES)
def test_a_greater_median_is_further_to_the_right_and_all_are_inside(
    rounds: list[dict[str, float]], goal: float | None
) -> None:
    drawn = draw(Table("t", "ms", goal=goal), [{"t": one} for one in rounds])

    places = [float(dot.attrib["cx"]) for dot in drawn.iter(f"{SVG}circle")]
    medians = [report.spread([one[variant] for one in rounds]).median for variant in rounds[0]]
    assert len(places) == len(medians)
    assert all(plot.LEFT <= place <= plot.LEFT + plot.WIDTH for place in places)
    assert (places[0] - places[1]) * (medians[0] - medians[1]) >= 0
    assert {"a < b", "c & d"} <= {text.text for text in drawn.iter(f"{SVG}text")}


def test_a_scale_goes_from_nought_unless_figures_are_far_apart() -> None:
    near = draw(Table("t", "ms"), [{"t": {"a": 2.0, "b": 4.0}}])
    far = draw(Table("t", "ms"), [{"t": {"a": 2.0, "b": 4000.0}}])

    assert [dot.attrib["cx"] for dot in near.iter(f"{SVG}circle")] == ["530.0", "760.0"]
    marks = [text.text for text in far.iter(f"{SVG}text") if text.attrib.get("text-anchor") == "middle"]
    assert marks == ["1", "10", "100", "1,000", "10,000"]


def test_a_goal_is_drawn_where_it_is() -> None:
    drawn = draw(Table("t", "ms", goal=3.0), [{"t": {"a": 4.0}}])

    (line,) = [path for path in drawn.iter(f"{SVG}path") if "stroke-dasharray" in path.attrib]
    assert line.attrib["d"].startswith("M645.0 ")
