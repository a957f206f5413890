"""Everything that is known about one medium when its stages are asked.

Facts are a snapshot: loaded after the medium's row is locked, handed to pure functions, thrown away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from pydantic import JsonValue

from contracts.duplicates import ASKED, Likeness
from contracts.embedded import Embedded
from contracts.measures import Measures
from contracts.moments import Taken
from contracts.sketches import Sketch
from contracts.tags import Tag, Vocabulary

SCAN = "scan."
"""The platform's scan flags: `media_meta` keys that begin like this. Facts hold all of them."""
TAGS = "media_tags"
"""What a stage names among the keys it reads when it looks at the medium's tags, or at those that are known."""
PROMPTS = "prompt_history"
"""What it names when it looks at the prompts that others keep of the medium's past."""
RECONSTRUCTED = "ollama_prompt_recon"
"""The `source` of our own rows of `prompt_history`; any other is a prompt that existed without us."""
PAIRS = "duplicate_pairs"
"""What it names when it looks at the medium's likeness to others."""
QUALITY_STATUS = "media.quality_status"
QUALITY_SCORE = "media.quality_score"
"""How `written` and people's locks name the columns of `media` that we may write."""


class Standing(Enum):
    """Who holds a field of `media_meta`, seen from the stage that would write it."""

    ABSENT = "absent"
    """Nobody ever wrote it: it may be inserted."""
    OURS = "ours"
    """Our value, made from the present picture."""
    STALE = "stale"
    """Our value, made from other pixels: counts as absent."""
    KEPT = "kept"
    """A person's or the platform's: written, edited, deleted or locked by somebody else. Force does not change it."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the platform knows of the file itself; any of it may be unknown."""

    mime_type: str | None = None
    width: int | None = None
    height: int | None = None
    file_size: int | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """What the inspector found behind a content hash.

    `width` and `height` are pixels after EXIF rotation, before scaling. `pixel_hash` is the SHA-256 (hex) of the
    rotated native pixels as 8-bit RGB, rows from the top. `unreadable` is the reason code when the bytes are no usable
    picture; the other fields then hold what was found out before the failure, or None. `measures` are None, too, when
    an older version measured. `phash` is the perceptual hash (64 bits, as a signed number), `nearest` its distance in
    bits to the nearest other picture when this one came, of `compared` ones. `nsfw` is a detector's score, 0 to 1, None
    when there is none: that says nothing. `nsfw_tried` says whether one was asked. `embedded` is what the program that
    generated the picture wrote into the file. `sketch` is what finds its duplicates, None like `measures`. `taken`
    is when and how a camera says it took the picture, None when none says so.
    """

    format: str | None = None
    width: int | None = None
    height: int | None = None
    pixel_hash: str | None = None
    unreadable: str | None = None
    measures: Measures | None = None
    phash: int | None = None
    nearest: int | None = None
    compared: int = 0
    nsfw: float | None = None
    nsfw_tried: bool = False
    embedded: Embedded | None = None
    sketch: Sketch | None = None
    taken: Taken | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """The last value we wrote into a field, and the content hash of the picture it was made from."""

    value: JsonValue
    content_hash: str | None


@dataclass(frozen=True, slots=True)
class PastPrompt:
    """A prompt that somebody else put into `prompt_history`."""

    prompt: str
    negative_prompt: str | None = None


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """One medium as the platform, the inspector and our ledger know it now.

    `mark` is the source mark of the platform's row now (a digest of path, updated_at and the platform's hash),
    `inspected_mark` the one the picture was inspected under; while they differ, the medium is not claimable.
    `unreadable` is set when there is no picture to look at, with or without a content hash.
    `meta` holds `media_meta` values by key, `written` our last value of each field we ever wrote. `tags` are those it
    carries, the surest first; `removed_tags` the names of those it carried once, which somebody took away; `vocabulary`
    every name that is known. `prompts` are others' prompts of its past, the latest first. `likeness` is what it has in
    common with other media. All of these are only there when a stage of the chain reads them. `score_batch` says that
    somebody asked for this medium to be scored, `forced` which job types somebody asked for.
    """

    media_id: int
    exists: bool = True
    path: str | None = None
    mark: str | None = None
    inspected_mark: str | None = None
    content_hash: str | None = None
    picture: Picture | None = None
    unreadable: str | None = None
    metadata: Metadata = Metadata()
    meta: Mapping[str, JsonValue] = field(default_factory=dict)
    written: Mapping[str, Written] = field(default_factory=dict)
    tags: tuple[Tag, ...] = ()
    removed_tags: frozenset[str] = frozenset()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    prompts: tuple[PastPrompt, ...] = ()
    likeness: Likeness = field(default_factory=Likeness)
    forced: frozenset[str] = frozenset()
    quality_status: str | None = None
    quality_score: float | None = None
    publish_state: str | None = None
    score_batch: bool = False
    foreign_completions: frozenset[str] = frozenset()
    language: str = "en"

    @property
    def inspected(self) -> bool:
        """Whether the picture behind the present source mark has been looked at."""
        return self.mark is not None and self.mark == self.inspected_mark

    @property
    def referred(self) -> frozenset[int]:
        """Those who wait until this medium has asked about both, or cannot."""
        return frozenset(pair.media_id for pair in self.likeness.pairs if pair.referee and pair.level in ASKED)

    @property
    def neighbours(self) -> frozenset[int]:
        """Everybody who is to be planned when this medium is gone."""
        paired, grouped = self.likeness.pairs, self.likeness.members
        return frozenset([*(p.media_id for p in paired), *(m.media_id for m in grouped)]) - {self.media_id}

    def is_locked(self, key: str) -> bool:
        """Whether a person locked this field: meta key `locks` names it (or its last part), or holds `*`."""
        locks = self.meta.get("locks")
        names = locks if isinstance(locks, list) else [locks]
        return any(name in ("*", key, key.split(".", 1)[-1]) for name in names)

    def standing(self, key: str) -> Standing:
        """Who holds the field `key`."""
        written = self.written.get(key)
        if self.is_locked(key):
            return Standing.KEPT
        if written is None:
            return Standing.KEPT if key in self.meta else Standing.ABSENT
        if key not in self.meta or self.meta[key] != written.value:
            return Standing.KEPT
        return Standing.OURS if written.content_hash == self.content_hash else Standing.STALE
