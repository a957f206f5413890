"""Given names: a word after one of them is a surname, as likely as not. Ours, without claim to be complete."""

from typing import Final

_GIVEN = """
aaron abigail ada adaeze adam adebayo adele aditi adolf adolph adrian agatha agnes agostino ahmed aida aiko aino aisha
ajay akira alain alan albert albin albrecht aldo alejandro aleksandr alessandra alessandro alex alexander alexandra
alexandre alexei alexis alfons alfonso alfred alice alina alisa alison alma alois alonso alphonse alvar alvaro amanda
amelie amina amir amit amy ana anais anastasia anatole anatoly anders andras andre andrea andreas andrei andrej andrew
andrzej andy anette angela angelika angelo anila anita anja anke ann anna anne anneke annelise annette annie ansel
ansgar anthony antje antoine anton antonia antonio antony anya aoi aram arash arnold arthur artur arturo arun arvid
asa ashok astor astrid aubrey august auguste aurelia aurelio axel ayako ayse azra baptiste barbara bartholomew
bartolomeo bartosz beata beate beatrice beatrix bela ben benedikt benjamin benno bente berenice bernard bernardino
bernardo bernd bernhard bernice bernie bernini bert bertha bertold bertram bettina bianca birgit bjarne bjorn blanca
bodo bogdan bohumil bonnie boris borja brad brandon brenda brett brian brigitte britta bronwyn bruce bruno burkhard
calvin camille carina carl carla carlo carlos carlotta carlton carmen carol carolina caroline caspar casper cassandra
catherine cecile cecilia celeste celine cesar chantal charles charlotte chen chiara chidi chiyo chloe chris christa
christian christiane christine christoph christophe christopher chun cindy claire clara clarissa claude claudia claus
clemens clementine clint clive colin coline connie conrad constantin corinna corinne cornelia cornelis cosima craig
cristina curt cyril dagmar dagny daisuke dalia damian damien daniel daniela daniele danila danny dante daphne dario
dariusz darren dave david deborah deepa denis denise dennis derek desmond detlef devon diana diane didier diego dieter
dietrich dimitri diogo dirk dmitri dmitry dmytro dolores dominik dominique donald donato dora doreen dorian doris
dorothea dorothy douglas drew duncan dustin dwight eberhard eckhard edda edgar edith edmund edna edouard eduard
eduardo edvard edward edwin edwina egbert egon eiji eileen einar ekaterina eleanor elena eleonora elfriede eli elias
elif elin elisa elisabeth elise elizabeth elke ella ellen elmar elmer elodie elsa elvira emanuel emeka emiko emil
emilia emilio emily emma emmanuel enrico enzo eric erica erich erik erika erin ernest ernesto erwin esben estelle
esther etienne ettore eugene eugenia eva evelyn evert ewa ezra fabian fabio fatima fatma federico felicia feliks felix
ferdinand fernand fernanda fernando filip finn fiona flavia florian fons franca frances francesca francesco francis
francisco franco francois frans franz fred frederic frederick frederik frida fridolin frieda friedensreich friedrich
fritz fritzi fumiko gabriel gabriela gabriele gabriella gareth gaston gavin geir gemma gene genevieve geoffrey georg
george georges georgia gerald gerard gerda gerhard gerrit gertrude gesa gian gianluca gianni gideon gilbert gilles
ginevra gino giorgia giorgio giovanni gisela giulia giulio giuseppe gloria goran gordon goro gottfried graham greet
greg gregor gregory greta grete griselda gudrun guido guillermo gunnar gunter gustaf gustav gustave guy gwen gwendolyn
hakan halina hamish hamza hana hanna hannah hannes hans harald harold harriet harrison harry hartmut haruka haruki
haruto hasan hayao hector hedda hedwig heidi heike heiko heiner heinrich heinz helen helena helene helga helmut
hendrik henri henrietta henrik henry herbert hermann hernan hideo hieronymus hilary hilda hilde hilma hiro hirokazu
hironobu hiroshi hisashi hitomi holger honore horst howard hsiao hubert hugo hyun ian ichiro ida ignacio ignaz igor
ilja ilse ilya imke imogen imran indira ines inga inge ingeborg ingmar ingo ingrid inigo inka ioana ione irene irina
irma irmgard irving isaac isabel isabella isabelle isak isao isidore ismail itzhak ivan ivana ivar ivo jaap jackie
jackson jacob jacopo jacqueline jacques jaime jakob jakub jamal james jamie jan jana jane janek janet janine janis
janos jarek jaroslav jasper javier jean jeanette jeanne jeannette jeff jeffrey jelena jennifer jenny jens jeremy
jerome jerry jerzy jessica jesus jette jill jim jiri joachim joan joana joanna joao joaquin jochem jochen jody joe
joel johan johann johanna johannes john johnny jon jonas jonathan joost jorg jorge joris jorn jose josef josefine
joseph josephine joshua josie josip jovan joyce juan juana judith judy juha juhani jules julia julian juliane julie
julien juliette julio jun junji junko jupp jurgen justin jutta jyoti kai kaito kamal kamila kaori karel karen kari
karin karl karla karol kasper katarina katarzyna kate katharina katherine kathleen kathrin katja katrin katsu
katsuhiro katsushika kazimierz kazimir kazuo kees kehinde keiko keith kelly ken kenji kenneth kenta kentaro kerry
kerstin kevin khalil kiki kim kiran kirsten kitagawa klaas klara klaus knut kofi koji kojiro konrad konstantin kristen
kristian kristina kristof krzysztof kunal kurt kwame kyle lajos lamar larissa larry lars laszlo laura lauren laurent
lawrence lea leah leander lee leif leila lena leni lennart leo leon leonardo leonid leonora leopold leopoldo leslie
leticia levi lewis liam lian lidia liesbeth liesl ligia lilian lina linda lionel lisa lise liselotte livia liz ljubov
lois lorenz lorenzo loretta lorna lorraine lothar lotte louis louisa louise luc luca lucas lucia lucian luciana
luciano lucie lucinda lucrezia lucy ludmila ludovic ludwig luigi luis luisa lukas lukasz luke lutz lydia lyonel
maarten maciej maddalena madeleine mads magda magdalena magnus mahmoud maia maike maja makoto malcolm malik mana
manfred manon manuel manuela marcel marcela marcello marcin marco marcus mareike margaret margarete margarita
margherita margit margot margrit maria mariana marianne mariano marie marija marilyn marina mario marion marisa marit
marius marjorie marko markus marlene marlon marta marte martha martin martina mary masaki masako masao masashi massimo
mateo mathias mathieu mathilda mathilde matteo matthew matthias matthieu maud maurice mauricio maurits maurizio mauro
max maxim maximilian mayumi megan mehdi mehmet mei meike melanie melissa meredith mette mia michael michal michel
michelangelo michele michelle michiko mieke miguel mihai mikael mike mikhail mikko milan milena milo minna mira miriam
mirjam misha mitsuko mohamed moira mona monika moritz morten muhammad muriel murray myra nadia nadine nadja nagisa
najib nanami nancy naoko naomi natalia natalie natalya natasha nathan naveed neil nele nelly nelson nestor ngozi niamh
niccolo nicholas nico nicola nicolas nicole nigel nikita niklas nikola nikolai nikolaj nils nina noah nobuo noel nora
norbert noriko norman nuno octavio oda odette odilon okko olaf ole oleg oleksandr olga oliver olivia olivier olympia
omar ophelia orazio orson osamu oscar oskar osvaldo oswald otso ottavio ottilie otto paavo pablo padraig pamela paola
paolo pascal pascale patricia patrick patrizia patrizio paul paula pauline paulo pavel pedro peggy penelope pepe perry
peter petr petra philip philipp philippe phoebe pia pierre piet pieter pietro pilar pim piotr prakash priya quentin
quincy rachel radu rafael raffaele raffaella raimund rainer raj rajan rajesh ralf ralph ramon ramona randolph raoul
raphaela raphaelle rashid rasmus raul ravi raymond rebecca reggie regina regine reiner reinhard reinhold rembrandt
remy renata renate rene renee reza rhea rhys ricardo riccardo richard rikard rikke riku rina rita roald robert roberta
roberto rocco rodney rodrigo roel roger rohan roisin roland rolf romain roman ronald ronny rosa rosalia rosalie
rosalind rosanna rosemary rosie roswitha roxana roy ruben rudolf rune rupert ruprecht ruslan russell rutger ruth ryan
sabine sabrina saburo sadao sadie saeed saida sally salman salome salvador sam samantha samira samuel sandra sandro
sanjay sara sarah sarita sascha satoshi satyajit saul sean sebastian sebastiao selma serena serge sergei sergio
severin seymour shakira shane sharon shaun sheila shigeru shirin shirley shiro shizuka sibylle siegfried siegmund
sigmar signe sigrid sigurd silke silvia silvio simon simona simone sinead siobhan slavko sofia sofie solveig sonia
sonja sophia sophie soren spencer stacy stanislav stanislaw stanley stefan stefanie stella stephan stephanie stephen
steve steven stina stuart sunita susan susana susanna susanne suzanna suzanne sven svenja svetlana sybille sylvain
sylvia sylvie tadao tadeusz takashi takato takehiko takeshi talia tamara tanja tariq taro tarsila tatiana tatsuo
tatsuya taylor ted telma teresa tetsuya thaddeus thea thelma theo theodor theodore theresa thierry thilo thomas thora
thorsten thorvald tibor tilda tilman tilo tim timo timothy tina tjalling tobey tobias tom tomas tomasz tommaso tomoko
toni tony torben torsten tove trine tristan trudy tuomas udo ulf ulla ulrich ulrike ulysses umberto urs ursel ursula
uschi uta ute uwe vaclav valentin valentina valeria valerie vanessa vanja vasily venkat vera verena verna veronica
veronika veronique vicente victor victoria vidal vijay viktor viktoria vilhelm ville vilma vincent vincenzo vinicius
viola violetta virginia vittorio vivian viviane vivien vlad vladimir volker walburga waldemar wally walt walter
walther waltraud wanda warwick wassily wayne wei wendell wendy wenzel werner wes wilbur wilfried wilhelm wilhelmina
willem william wilma wim winfried winifred winslow wojciech wolfgang xavier xenia yann yannick yara yasmin yasmina
yasuo yayoi yohji yoko yolanda yoshi yoshiko yoshitaka yuki yuko yumi yuri yusuf yusuke yves yvette yvonne zach zara
zbigniew zdzislaw zelda zeynep zoe zofia zora zuri zuzana
"""
GIVEN_NAMES: Final = frozenset(_GIVEN.split())
"""In small letters without accents. Those that are words of every day are left out: rose, mark, may, jack, storm."""
_CHARACTERS = """
peter pan|robin hood|alice|harry potter|james bond|king arthur|mary poppins|snow white|sherlock holmes|don quixote
|hansel and gretel|hänsel und gretel|max und moritz|max and moritz|adam and eve|adam und eva|romeo and juliet
|romeo und julia|mickey mouse|santa claus|virgin mary|jungfrau maria|joan of arc|leda and the swan|venus|medusa
|dracula|frankenstein|batman|superman|spider man|godzilla|pinocchio|cinderella|aschenputtel|rotkäppchen|rapunzel
|barbie|hello kitty|winnie the pooh|pokemon|star wars|blade runner|alice im wunderland|struwwelpeter|odysseus
|shakespeare|tolkien|brothers grimm|gebrüder grimm|grimm|tron|matrix|minecraft|zelda|final fantasy|dark souls
|game of thrones|lord of the rings|pokémon|nintendo|playstation|netflix|warhammer|fallout|skyrim|overwatch|fortnite
|roblox|the witcher|witcher|hogwarts|muppets|simpsons|futurama|playmobil|funko|bratz|sanrio|totoro|evangelion
|gundam|naruto|ikea|tiktok|instagram|pinterest|sega|atari|gameboy|game boy|dune|avatar|hobbit|elfquest|gotham
|narnia|middle earth|mittelerde|asterix|tintin|peanuts|dungeons and dragons|fabergé|faberge|lalique|meccano
|swarovski|alien|terminator|mad max|lara croft|sonic|super mario|mario bros|cyberpunk 2077|arcane|league of legends
|genshin impact|studio 54|wonderland
"""
CHARACTERS: Final = tuple(sorted(" ".join(_CHARACTERS.split()).replace(" |", "|").split("|"), key=len, reverse=True))
"""Whom stories are about or by: no artists, though they are called like people."""
