"""Plurals that no rule and no dictionary gets right: irregular ones, and those that mean something else."""

from typing import Final

IRREGULAR: Final = {
    "en": {
        "leaves": "leaf", "wolves": "wolf", "werewolves": "werewolf", "knives": "knife", "lives": "life",
        "wives": "wife", "housewives": "housewife", "shelves": "shelf", "bookshelves": "bookshelf", "halves": "half",
        "loaves": "loaf", "thieves": "thief", "calves": "calf", "scarves": "scarf", "hooves": "hoof", "elves": "elf",
        "dwarves": "dwarf", "wharves": "wharf", "skies": "sky", "men": "man", "women": "woman", "children": "child",
        "grandchildren": "grandchild", "feet": "foot", "teeth": "tooth", "geese": "goose", "mice": "mouse",
        "oxen": "ox", "cacti": "cactus", "fungi": "fungus", "octopi": "octopus", "lenses": "lens", "dwarfs": "dwarf",
        "buddhas": "buddha", "oases": "oasis", "crises": "crisis",
    },
    "de": {
        "bären": "bär", "eisbären": "eisbär", "kästen": "kasten", "kakteen": "kaktus", "buchen": "buche",
        "eichen": "eiche", "linden": "linde", "jungen": "junge", "kuchen": "kuchen", "museen": "museum",
        "atlanten": "atlas", "hexen": "hexe",
    },
}  # fmt: skip
"""In small letters."""
_OTHER_ENGLISH = (
    "glasses eyeglasses sunglasses spectacles binoculars goggles shorts pants trousers tights briefs boxers overalls "
    "drawers slacks jeans scissors pliers tongs news goods customs looks works means media data dice arms ashes "
    "remains surroundings savings blinds bangs braces minutes times flats heights grounds spirits sands politics "
    "graphics athletics gymnastics electronics ceramics classics optics statistics acoustics abs stills shades "
    "suspenders outskirts outdoors indoors mars texas paris wales darts draughts "
    "checkers billiards bowls skittles rapids specifics basics essentials thanks regards credits contents proceeds "
    "premises scales sweets stocks guts sweats chaps trunks pumps oils tropics hops capers ups downs "
    "highs lows odds crackers barracks damages airs "
    "plains narrows fries bitters trainers joggers cords marines regulars irregulars reserves extras rushes contacts "
    "visuals plastics toiletries cosmetics preserves charades marches barrens stays covers hits beats winds grits "
    "humanities dreads lyrics specs brains bloomers dungarees greetings matters mains minors majors finals commons "
    "seconds teens twenties thirties forties fifties sixties seventies eighties nineties rubbers leathers salts links "
    "alps dolomites rockies cotswolds canaries "
    "amends antics annals arrears alms bellows bowels brussels chips confines congratulations depths dregs "
    "dues earnings entrails environs flares gums heavens hives hustings innards intestines "
    "leggings lodgings loins measles mumps nuptials obsequies oats outlays particulars pincers "
    "pleasantries provisions ravages reins riches rounders shears shambles sideburns "
    "slops smarts spoils straits suds takings tidings tweezers underpants undies "
    "valuables vespers victuals vitals wages wares whereabouts winnings wits writings aerobics dominoes dominos "
    "checks coveralls cutoffs dungarees hotpants mules oxfords plimsolls "
    "tours wells downs naples athens cannes flanders bahamas maldives seychelles hebrides andes cyclades philippines "
    "netherlands himalayas pyrenees balkans ardennes lowlands midlands broads "
    "williams stevens rogers roberts richards edwards peters adams andrews daniels phillips simons matthews jacobs "
    "stephens simmons parsons brooks hughes dickens"
)
_OTHER_GERMAN = (
    "banken muttern trümmer spaghetti alpen anden länder bänder bände strauße junge boots shorts jeans news fans leute "
    "eltern ferien möbel kosten masern geschwister niederlande pyrenäen tropen alten armen tuschen "
    "gliedmaßen ränke zutaten chips pommes textilien lebensmittel karpaten vogesen malediven balearen kanaren azoren "
    "bahamas philippinen seychellen hebriden antillen ardennen gezeiten pocken röteln memoiren spesen wirren "
    "faxen einkünfte "
    "bergen essen baden hagen siegen worms weihnachten ostern pfingsten heiden "
    "dolomiten schulden tuche kiefern lande male drucke wehen zinsen"
)
_OTHER_ALONE_ENGLISH = (
    "lights woods waters papers irons letters forces greens reds blues whites blacks browns yellows pinks purples "
    "greys grays silvers golds darks brights shallows depths springs falls manners quarters coppers cloths"
)
_OTHER_ALONE_GERMAN = "lichter"
_DRINKS = "wine beer champagne cocktail drinking shot martini water whisky whiskey"
OTHER: Final = {"en": frozenset(_OTHER_ENGLISH.split()), "de": frozenset(_OTHER_GERMAN.split())}
"""What looks like a plural and means something else than its singular, or has none."""
OTHER_ALONE: Final = {"en": frozenset(_OTHER_ALONE_ENGLISH.split()), "de": frozenset(_OTHER_ALONE_GERMAN.split())}
"""The same where the word stands alone: traffic lights are more than one traffic light."""
DRINKING: Final = frozenset(_DRINKS.split())
"""After these, glasses are more than one glass."""
