"""What the demo puts beside its files, as a platform would."""

from contracts.tags import Tag
from db.library import give_tags
from tests.ledger import Ledger

LINKS = (
    "SELECT m.path, t.name, l.locked FROM media_tags AS l"
    " JOIN media AS m ON m.id = l.media_id JOIN tags AS t ON t.id = l.tag_id ORDER BY 1, 2"
)


async def test_tags_are_given_once_and_to_files_that_are_there(ledger: Ledger) -> None:
    await ledger.pool.execute("INSERT INTO media (path) VALUES ('a.jpg'), ('b.jpg')")
    async with ledger.pool.acquire() as connection:
        await give_tags(connection, {})
        await give_tags(connection, {"a.jpg": [Tag("Cat", locked=True), Tag("cat")], "none.jpg": [Tag("dog")]})
        await give_tags(connection, {"a.jpg": [Tag("Cat")], "b.jpg": [Tag("cat")]})

    assert [tuple(row) for row in await ledger.pool.fetch(LINKS)] == [
        ("a.jpg", "Cat", True),
        ("a.jpg", "cat", False),
        ("b.jpg", "cat", False),
    ]
    assert (
        await ledger.pool.fetchval("SELECT count(*) FROM media_tags WHERE num_nonnulls(confidence, weight, source) > 0")
        == 0
    )
