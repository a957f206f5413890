"""Names of artists that are words of other kinds, too, and studios: known by what stands beside them.

Written from memory, without claim to be complete.
"""

from typing import Final

NAMESAKES: Final = (
    "Achenbach", "Addams", "Albers", "Amano", "Angelico", "Anguissola", "Araki", "Arbus", "Aronson", "Atget",
    "Audubon", "Avedon", "Baarle", "Bagshaw", "Baldung", "Barlowe", "Baselitz", "Beardsley", "Beckmann", "Bellini",
    "Bergman", "Berkey", "Beskow", "Beuys", "Bisley", "Blake", "Blossfeldt", "Bluth", "Bodmer", "Bonnard", "Borsi",
    "Bosch", "Botero", "Bowater", "Brancusi", "Braque", "Brassaï", "Burne-Jones", "Burton", "Burtynsky", "Busch",
    "Bussière", "Böcklin", "Canova", "Capa", "Capra", "Cassatt", "Caulfield", "Celmins", "Chardin", "Chirico",
    "Constable", "Coppola", "Corben", "Corbijn", "Corbusier", "Corinth", "Corot", "Cranach", "Crewdson", "Curtiz",
    "Cushart", "Daeni", "Daumier", "Deakins", "Delaunay", "Delvaux", "Disney", "Dittmann", "Dix", "Doig",
    "Doisneau", "Donatello", "Donwood", "Doré", "Dubuffet", "Duchamp", "Dufy", "Dulac", "Eakins", "Earle",
    "Edelfelt", "Eggleston", "Eisner", "Elmore", "Ensor", "Ernst", "Fairey", "Falero", "Feuerbach", "Fincher",
    "Freud", "Friedlander", "Friedrich", "Froud", "Gainsborough", "Gammell", "Gaudí", "Gehry", "Giancola",
    "Gilliam", "Giraud", "Godard", "Gogh", "Goldin", "Goldsworthy", "Gorey", "Graciano", "Greenaway", "Grosz",
    "Gursky", "Haderer", "Hadid", "Haeckel", "Hals", "Haring", "Heade", "Hepworth", "Herkomer", "Hirst",
    "Hitchcock", "Hockney", "Hodas", "Hodler", "Hogarth", "Hohlwein", "Holbein", "Hopper", "Horkey", "Höch",
    "Ikeda", "Inceoglu", "Ingres", "Inness", "Inoue", "Jakuchū", "Jansson", "Jarmusch", "Jeunet", "Jewett",
    "Jodorowsky", "Jover", "Kapoor", "Kar-wai", "Karsh", "Kauffmann", "Keever", "Kenna", "Kentridge", "Kiefer",
    "Kippenberger", "Kirby", "Kirchner", "Kiuchi", "Klee", "Klint", "Kollwitz", "Koons", "Krasner", "Kruger",
    "Kubin", "Kunisada", "Kuniyoshi", "LaChapelle", "Laika", "Larsson", "Leibl", "Leonardo", "LeWitt", "Liebermann",
    "Lovecraft", "Lovell", "Lubezki", "Lynch", "Macke", "Manchess", "Mantegna", "Mapplethorpe", "Marc",
    "Masaccio", "Matejko", "McCay", "McCurry", "McFarlane", "McGinnis", "McKean", "McKernan", "McKie", "McQuarrie",
    "McQue", "McQueen", "Mead", "Menzel", "Merian", "Merriam", "Meyerowitz", "Mignola", "Millais", "Millet",
    "Minjun", "Mitgutsch", "Miura", "Modersohn-Becker", "Mohrbacher", "Moran", "Morandi", "Moreau", "Mueller",
    "Mullins", "Mumford", "Munch", "Murakami", "Murillo", "Münter", "Nihei", "Nolan", "Nolde", "Nordqvist",
    "O'Keeffe", "Ohrai", "Olbinski", "Otomo", "Ozu", "Parrish", "Pechstein", "Polke", "Pollock", "Poortvliet",
    "Popova", "Rackham", "Raffael", "Raphael", "Rauschenberg", "Ravilious", "Redon", "Remington", "Repin",
    "Richter", "Rivera", "Rockwell", "Rodin", "Roerich", "Roset", "Rossetti", "Rousseau", "Roversi", "Royo",
    "Rozalski", "Ruysch", "Ryden", "Rysselberghe", "Salgado", "Sanzio", "Sargent", "Scarry", "Scheffler",
    "Schinkel", "Schjerfbeck", "Schlemmer", "Schmidt-Rottluff", "Scorsese", "Sendak", "Serebriakova", "Sher-Gil",
    "Shinkai", "Shinkawa", "Shirow", "Sienkiewicz", "Signac", "Simonetti", "Sisley", "Sorolla", "Soutine",
    "Spielberg", "Spilliaert", "Spratt", "Staël", "Steadman", "Stepanova", "Stubbs", "Sudek", "Swanland",
    "Taeuber-Arp", "Takahashi", "Takeuchi", "Tanguy", "Tarantino", "Tenniel", "Testino", "Tezuka", "Thiebaud",
    "Thorgerson", "Tillmans", "Tinguely", "Tissot", "Titian", "Turner", "Turrell", "Twombly", "Uccello", "Ungerer",
    "Urasawa", "Utrillo", "Vallejo", "Vallotton", "Varo", "Vecellio", "Veronese", "Villeneuve", "Vogeler",
    "Vuillard", "Watterson", "Welles", "Werefkin", "Weston", "Weta", "Whelan", "Whistler", "Willink", "Winogrand",
    "Woelfel", "Wou-Ki", "Wyeth", "Yamamoto", "Yoshida", "Zille", "Zorn",
)  # fmt: skip
"""Found where the wording says that somebody is imitated: in the style of Klee, Klee-inspired, a Raphael fresco."""
NO_ITEMS: Final = frozenset(("busch", "ernst", "kiefer", "zorn"))
"""Those that mean something else where they stand alone."""
STUDIOS: Final = (
    "20th Century Animation", "Aardman", "A-1 Pictures", "Blue Sky Studios", "Blur Studio", "Cartoon Saloon",
    "CoMix Wave", "CoMix Wave Films", "DreamWorks", "DreamWorks Animation", "Gainax", "Ghibli", "Hanna-Barbera",
    "Illumination Studios", "Industrial Light & Magic", "Kyoto Animation", "KyoAni", "Laika Studios", "Pixar",
    "Studio 4°C", "Studio Bones", "Studio Ghibli", "Studio Khara", "Studio MAPPA", "Studio Madhouse",
    "Studio Pierrot", "Studio Ponoc", "Studio Shaft", "Studio Trigger", "Sunrise Studios", "Toei Animation",
    "Ufotable", "Walt Disney", "Warner Bros", "Weta Workshop", "Wit Studio",
)  # fmt: skip
"""Studios that are widely imitated; they may be named as what is in a picture, but not as what it looks like."""
