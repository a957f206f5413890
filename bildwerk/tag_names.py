"""Which tags a person means, and what may become one: decided from the names alone, before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from contracts.tags import fold_name
from db.tag_merges import Alias, KnownTag, Merge


class Refused(Exception):
    """What a person asked for cannot be done; the argument is a line that says why, and what to do."""


@dataclass(frozen=True, slots=True)
class MergePlan:
    """A tag, the folded form of its name, the name of the tag that it becomes; the merge that only has to go on."""

    tag: KnownTag
    key: str
    into: str
    begun: Merge | None = None


@dataclass(frozen=True)
class TagNames:
    """Every tag, every merge there was, and every name that people gave."""

    tags: Sequence[KnownTag]
    merges: Sequence[Merge]
    aliases: Sequence[Alias]

    @property
    def active(self) -> dict[int, Merge]:
        """The merges that stand, by the tag that became another."""
        return {merge.tag_id: merge for merge in self.merges if merge.undone_at is None}

    def list_spellings(self, name: str) -> list[KnownTag]:
        """The tags that `name` may mean: written exactly so, else alike when folded; merged ones last."""
        exact = [tag for tag in self.tags if tag.name == name]
        key, active = fold_name(name), self.active
        alike = exact or [tag for tag in self.tags if fold_name(tag.name) == key]
        return sorted(alike, key=lambda tag: (tag.id in active, tag.id))

    def resolve(self, name: str) -> tuple[KnownTag | None, str]:
        """The tag that a name stands for, merges and aliases followed to their end; no tag: the name it would have."""
        active, aliases = self.active, {alias.key: alias.name for alias in self.aliases}
        seen = set[int | str]()
        while True:
            tag = next(iter(self.list_spellings(name)), None)
            if tag is not None and tag.id in active:
                if tag.id in seen:  # the other tag's row is gone, and this one is a spelling of its name
                    return None, name
                seen.add(tag.id)
                name = self._name_now(active[tag.id])
                continue
            name = name if tag is None else tag.name
            key = fold_name(name)
            if key not in aliases or key in seen:
                return tag, name
            seen.add(key)
            name = aliases[key]

    def plan_merge(self, name: str, into: str) -> MergePlan:
        """What merging the tag `name` into the tag `into` means. Raises Refused."""
        tag, (target, target_name) = self._find(name, into), self.resolve(_clean(into))
        key, begun = fold_name(tag.name), self.active.get(tag.id)
        if begun is not None:
            if self.resolve(tag.name)[1] == target_name:
                return MergePlan(tag, key, begun.into_name, begun)
            raise Refused(
                f"{tag.name} is another name of {begun.into_name} since merge {begun.id}: "
                f"`bildwerk tags undo {begun.id}` first"
            )
        if target is not None and target.id == tag.id:
            raise Refused(self._explain_same(tag, into))
        if half := next((m for m in self.merges if m.tag_id == tag.id and m.undone_at and m.taken), None):
            raise Refused(f"merge {half.id} is not undone completely: `bildwerk tags undo {half.id}` first")
        said = next((alias for alias in self.aliases if alias.key == key), None)
        if said is not None and self.resolve(said.name)[1] != target_name:
            raise Refused(
                f"{tag.name} is another name of {said.name}: `bildwerk tags alias {quote(said.alias)} --remove` first"
            )
        return MergePlan(tag, key, target_name)

    def plan_undo(self, merge_id: int) -> Merge:
        """The merge to be undone. Raises Refused."""
        merge = next((merge for merge in self.merges if merge.id == merge_id), None)
        if merge is None:
            raise Refused(f"there is no merge {merge_id}: `bildwerk tags merges` lists them")
        if merge.undone_at is not None and not merge.taken:
            raise Refused(f"merge {merge_id} was undone on {merge.undone_at:%Y-%m-%d}")
        later = self.active.get(merge.into_id)
        if later is not None and merge.undone_at is None:
            raise Refused(
                f"{merge.into_name} became {later.into_name} by merge {later.id}: `bildwerk tags undo {later.id}` first"
            )
        return merge

    def plan_alias(self, alias: str, name: str) -> Alias:
        """Another name for a tag. Raises Refused."""
        key, (tag, _) = fold_name(alias), self.resolve(name)
        if not key:
            raise Refused(f"{alias!r} is no name")
        if tag is None:
            raise Refused(f"there is no tag {name}")
        self._refuse_taken(alias, key)
        if fold_name(tag.name) == key:
            raise Refused(f"{alias} and {name} are spellings of one name: there is nothing to add")
        return Alias(key, _clean(alias), tag.id, tag.name)

    def plan_removal(self, alias: str) -> Alias:
        """The other name to be forgotten. Raises Refused."""
        key = fold_name(alias)
        found = next((known for known in self.aliases if known.key == key), None)
        if found is None:
            self._refuse_taken(alias, key)
            raise Refused(f"{alias} is no other name of a tag: `bildwerk tags alias` lists them")
        return found

    def _find(self, name: str, into: str) -> KnownTag:
        if not fold_name(name) or not fold_name(into):
            raise Refused(f"{into if fold_name(name) else name!r} is no name")
        found = self.list_spellings(name)
        if not found:
            meant, other = self.resolve(name)
            known = f"{name} is another name of {other}, and no tag of its own: there is nothing to merge"
            raise Refused(f"there is no tag {name}" if meant is None else known)
        standing = [tag for tag in found if tag.id not in self.active]
        key = fold_name(name)
        others = [tag for tag in self.tags if fold_name(tag.name) == key and tag.id not in self.active]
        if len(others) > 1 and (len(standing) > 1 or fold_name(into) != key):
            first, *rest = (tag.name for tag in others)
            steps = "; ".join(f"`bildwerk tags merge {quote(other)} {quote(first)}`" for other in rest)
            raise Refused(f"several tags are written like {name}: make them one first, {steps}")
        return found[0]

    def _explain_same(self, tag: KnownTag, into: str) -> str:
        if all(spelling.id != tag.id for spelling in self.list_spellings(into)):
            return f"{into} is another name of {tag.name} already: they cannot be merged the other way round"
        return f"{tag.name} cannot be merged into itself"

    def _refuse_taken(self, alias: str, key: str) -> None:
        for merge in self.active.values():
            if merge.key == key:
                raise Refused(
                    f"{alias} is another name of {merge.into_name} since merge {merge.id}: "
                    f"`bildwerk tags undo {merge.id}` first"
                )
        for known in self.aliases:
            if known.key == key:
                raise Refused(
                    f"{alias} is another name of {known.name}: `bildwerk tags alias {quote(alias)} --remove` first"
                )

    def _name_now(self, merge: Merge) -> str:
        return next((tag.name for tag in self.tags if tag.id == merge.into_id), merge.into_name)


def _clean(name: str) -> str:
    return " ".join("".join(c for c in name if c.isprintable() or c.isspace()).split())
