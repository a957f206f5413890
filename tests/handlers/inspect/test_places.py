"""Which store a reference leads to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.failures import Invalid
from handlers.inspect.places import Place, locate_below, read_scheme, refer_to

ROOTS = ("", "photos", "scans")


@pytest.mark.parametrize(
    ("reference", "place"),
    [
        ("2024/a.jpg", Place("", "2024/a.jpg")),
        ("photos:2024/a.jpg", Place("photos", "2024/a.jpg")),
        ("scans:a:b.jpg", Place("scans", "a:b.jpg")),
        ("photos:", Place("photos", "")),
        ("file:///srv/a.jpg", Place("", "file:///srv/a.jpg")),
        ("./scans:a.jpg", Place("", "./scans:a.jpg")),
        ("PHOTOS:a.jpg", Place("", "PHOTOS:a.jpg")),
        ("2024:a.jpg", Place("", "2024:a.jpg")),
    ],
)
def test_the_name_before_a_path_says_which_root(reference: str, place: Place) -> None:
    assert locate_below(reference, ROOTS) == place


@pytest.mark.parametrize("reference", ["fotos:a.jpg", "photo:a.jpg", "c:/a.jpg"])
def test_a_name_that_no_root_has_is_refused(reference: str) -> None:
    with pytest.raises(Invalid, match="bad_reference"):
        locate_below(reference, ROOTS)


def test_without_named_roots_a_colon_is_a_letter() -> None:
    assert locate_below("fotos:a.jpg", ("",)) == Place("", "fotos:a.jpg")


def test_where_every_root_has_a_name_each_reference_needs_one() -> None:
    assert locate_below("photos:a.jpg", ("photos",)) == Place("photos", "a.jpg")
    for reference in ("a.jpg", "/mnt/photos/a.jpg", "file:///mnt/photos/a.jpg"):
        with pytest.raises(Invalid, match="bad_reference"):
            locate_below(reference, ("photos",))


@given(st.text())
def test_whatever_it_is_it_leads_to_a_root_that_there_is_or_is_refused(reference: str) -> None:
    try:
        place = locate_below(reference, ROOTS)
    except Invalid:
        return
    assert place.store in ROOTS
    assert reference.endswith(place.name)


@pytest.mark.parametrize(
    ("reference", "scheme"),
    [("HTTPS://a/b", "https"), ("http://a", "http"), ("s3://b/k", "s3"), ("s3:b", ""), ("http: notes.jpg", "")],
)
def test_schemes_that_lead_elsewhere(reference: str, scheme: str) -> None:
    assert read_scheme(reference) == scheme


@pytest.mark.parametrize(
    ("path", "reference"), [("a.jpg", "a.jpg"), ("photos:a.jpg", "./photos:a.jpg"), ("b:a", "./b:a")]
)
def test_a_path_that_begins_like_a_root_stays_a_path(path: str, reference: str) -> None:
    assert refer_to(path, ("photos",)) == reference
    assert locate_below(reference, ("", "photos")).store == ""
    assert refer_to(path, ()) == path, "where no root has a name a colon is a letter"
