"""Words that belong to names without being any, and those that no name goes on after."""

from typing import Final

_PARTICLES = "van von der den de da del della di du la le el al af av bin ibn ter ten dos das zu zum zur y st"
PARTICLES: Final = frozenset(_PARTICLES.split())
"""Between a given name and a surname."""
_TITLES = "sir dame lord lady saint master mr mrs ms dr prof professor"
TITLES: Final = frozenset(_TITLES.split())
"""Before a name."""
_BREAKS = """
about after als am an and as at auf aus bei by das dem den der des die durch ein eine einem einen einer eines featuring
for from front für gegen her hinter his im in into its mit my nach near neben of off on or our over ohne than that the
their this through to trending um und unter using vom von vor with without wie zu zwischen über is was are were be has
have during before behind under between like showing depicting holding inspired style alten alte old young new modern
ancient early
"""
BREAKS: Final = frozenset(_BREAKS.split())
"""No part of a name."""
_LIKENESSES = """
arabesque burlesque carnivalesque chivalresque churrigueresque dantesque gigantesque grotesque humoresque junoesque
moresque picaresque picturesque plateresque romanesque sculpturesque statuesque
"""
LIKENESSES: Final = frozenset(_LIKENESSES.split())
"""What ends like Turneresque and is called after nobody who paints."""
