"""Clusters, pairs and decisions as lines for a person, and as JSON for programs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bildwerk.duplicates import Cluster, Decided, Known
from bildwerk.likeness_words import LEVELS, list_evidence, say_best, say_opinion, say_pair, say_search, say_who
from bildwerk.reasons import say
from contracts.duplicates import Edge, Pair
from db.clusters import Copy, OpenPair
from handlers.duplicates.clusters import find_best

KILO, MEGA = 1e3, 1e6


def describe_cluster(cluster: Cluster) -> Iterator[str]:
    """The copy to keep, then each other one under it."""
    first, *others = cluster.copies
    yield f"{_say_copy(first)}: keep, {say_best([copy.member for copy in cluster.copies])}"
    for copy, link in zip(others, cluster.links, strict=True):
        other = link.one if copy.media_id == link.other else link.other
        yield f"  {_say_copy(copy)}: {link.level.value} with {other}, says {say_who(link)}"


def tell_cluster(cluster: Cluster) -> Mapping[str, Any]:
    """The same for a program."""
    return {
        "keep": cluster.copies[0].media_id,
        "media": [
            {"media_id": c.media_id, "path": c.path, "width": c.width, "height": c.height, "file_size": c.file_size}
            for c in cluster.copies
        ],
        "pairs": [_tell_link(link) for link in cluster.links],
    }


def describe_open(pair: OpenPair) -> str:
    """One line: who, how alike, and what the model said."""
    words = [pair.level.value, *list_evidence(pair.one, pair.other, pair.evidence)]
    if pair.opinion is not None:
        words.append(say_opinion(pair.opinion, pair.referee, pair.asked_about))
    return f"{pair.one} {pair.one_path}, {pair.other} {pair.other_path}: {', '.join(words)}"


def tell_open(pair: OpenPair) -> Mapping[str, Any]:
    """The same for a program."""
    told = {
        "one": pair.one,
        "other": pair.other,
        "one_path": pair.one_path,
        "other_path": pair.other_path,
        "level": pair.level.value,
        "evidence": dict(pair.evidence),
    }
    if pair.opinion is None:
        return told
    return {**told, "relation": pair.opinion.relation.value, "reason": pair.opinion.reason}


def describe_medium(known: Known) -> Iterator[str]:
    """The medium, its copies, then each pair with all that is known of it."""
    yield f"medium {known.media_id}: {known.path or 'not on the platform'}"
    if known.deleted:
        yield "  the platform does not have it"
    elif known.unreadable is not None:
        yield f"  no picture: {say(known.unreadable)}"
    elif known.likeness.sought and not known.likeness.pairs:
        yield f"  {say('no_candidates')}"
    if len(known.copies) > 1:
        members = [copy.member for copy in known.copies]
        yield "  one picture with " + ", ".join(
            _say_copy(copy) for copy in known.copies if copy.media_id != known.media_id
        )
        yield f"  keep {find_best(members)}: {say_best(members)}"
    for pair in sorted(known.likeness.pairs, key=lambda pair: pair.media_id):
        yield f"  {say_pair(pair)}"
        yield from (f"    {line}" for line in _list_known(known.media_id, pair))
    yield from (f"  {line}" for line in say_search(known.likeness))


def describe_decided(decided: Decided) -> Iterator[str]:
    """What was decided, and what follows from it."""
    one, other = decided.one, decided.other
    words = "one picture" if decided.same else "two pictures"
    yield f"{one} and {other} are {words}{_say_before(decided)}"
    for media_id in decided.moved:
        yield f"{media_id} is to be looked at anew: this holds for the picture of it that was seen last"
    for edge in decided.apart:
        yield (
            f"but they stay apart: {edge.one} and {edge.other} were told different; "
            f"`bildwerk duplicates same {edge.one} {edge.other}` takes that back"
        )
    for edge in decided.torn:
        if {edge.one, edge.other} != {one, other}:
            yield (
                f"but {edge.one} and {edge.other}, told the same, are apart by it; "
                f"`bildwerk duplicates different {edge.one} {edge.other}` takes that back"
            )
    if decided.cluster == decided.other_cluster:
        yield f"copies of this picture: {_list_ids(decided.cluster)}"
    else:
        for media_id, cluster in ((one, decided.cluster), (other, decided.other_cluster)):
            others = [copy for copy in cluster if copy != media_id]
            yield f"copies of {media_id}: {_list_ids(others) if others else 'none'}"


def _list_known(media_id: int, pair: Pair) -> Iterator[str]:
    older, newer = sorted((media_id, pair.media_id))
    yield LEVELS[pair.level]
    if evidence := list(list_evidence(older, newer, pair.evidence)):
        yield ", ".join(evidence)
    if pair.opinion is not None:
        asked = (media_id, pair.media_id) if pair.referee else (pair.media_id, media_id)
        yield say_opinion(pair.opinion, *asked)


def _say_before(decided: Decided) -> str:
    if decided.before is None:
        return ""
    if decided.before == decided.same:
        return ", as was said before"
    return ", though the opposite was said before: this counts"


def _say_copy(copy: Copy) -> str:
    size = "" if copy.file_size is None else f", {_say_bytes(copy.file_size)}"
    return f"{copy.media_id} {copy.path} ({copy.width} x {copy.height}{size})"


def _say_bytes(number: int) -> str:
    return f"{number / MEGA:.1f} MB" if number >= MEGA else f"{number / KILO:.1f} kB"


def _list_ids(media_ids: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(media_ids)))


def _tell_link(link: Edge) -> Mapping[str, Any]:
    by = "pixels" if link.relation is None else "model"
    return {
        "one": link.one,
        "other": link.other,
        "level": link.level.value,
        "relation": link.relation and link.relation.value,
        "said_by": "person" if link.decision else by,
    }
