"""What a person can do about each defect, in one sentence: English and German, English for every other language."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from contracts.defects import Defect
from handlers.languages import language_code

FALLBACK: Final = "en"
NOT_MEASURED: Final = "not_measured"
"""The doubt about a picture without measures."""
ORDERS: Final = "orders"
"""The doubt about a picture beside which, or in which, somebody wrote orders to a model."""

HINTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "blur": "The picture is out of focus: choose a sharper take or show it smaller.",
        "motion_blur": "Camera or subject moved: choose a sharper take.",
        "underexposed": "The picture is too dark: brighten it, or develop it anew from the raw file.",
        "overexposed": "The highlights are burnt out: develop it anew from the raw file or take it darker.",
        "low_contrast": "The picture is flat: set black and white point anew.",
        "noise": "The picture is noisy: reduce the noise or show it smaller.",
        "blockiness": "The picture is compressed too much: replace it with a better copy.",
        "low_resolution": "The picture has too few pixels: replace it with a larger copy.",
        "artefacts": "Parts of the picture cannot be as they are: retouch them or make the picture anew.",
        "cut_off": "The subject is cut off: choose a wider crop or another take.",
        "hands": "Hands look wrong: retouch them or make the picture anew.",
        "text": "Writing in the picture is garbled: retouch it or make the picture anew.",
        "watermark": "There is a watermark: find out who owns the picture.",
        NOT_MEASURED: "The pixels were not measured: look at sharpness and exposure yourself.",
        ORDERS: "A text that came with the picture gives orders to a model: look at the picture yourself.",
    },
    "de": {
        "blur": "Das Bild ist unscharf: eine schärfere Aufnahme wählen oder kleiner zeigen.",
        "motion_blur": "Kamera oder Motiv war in Bewegung: eine schärfere Aufnahme wählen.",
        "underexposed": "Das Bild ist zu dunkel: aufhellen oder aus der Rohdatei neu entwickeln.",
        "overexposed": "Die Lichter sind ausgefressen: aus der Rohdatei neu entwickeln oder dunkler aufnehmen.",
        "low_contrast": "Das Bild ist flau: Schwarz- und Weißpunkt neu setzen.",
        "noise": "Das Bild rauscht: entrauschen oder kleiner zeigen.",
        "blockiness": "Das Bild ist zu stark komprimiert: durch eine bessere Kopie ersetzen.",
        "low_resolution": "Das Bild hat zu wenige Pixel: durch eine größere Kopie ersetzen.",
        "artefacts": "Teile des Bildes können so nicht sein: retuschieren oder das Bild neu erzeugen.",
        "cut_off": "Das Motiv ist abgeschnitten: einen weiteren Ausschnitt oder eine andere Aufnahme wählen.",
        "hands": "Hände sehen falsch aus: retuschieren oder das Bild neu erzeugen.",
        "text": "Schrift im Bild ist entstellt: retuschieren oder das Bild neu erzeugen.",
        "watermark": "Das Bild trägt ein Wasserzeichen: klären, wem es gehört.",
        NOT_MEASURED: "Die Pixel wurden nicht vermessen: Schärfe und Belichtung selbst ansehen.",
        ORDERS: "Ein Text zum Bild erteilt einem Modell Befehle: das Bild selbst ansehen.",
    },
}
UNCLEAR: Final[Mapping[str, str]] = {
    "en": "Unclear, please look: {hint}",
    "de": "Unklar, bitte ansehen: {hint}",
}


def list_hints(defects: Iterable[Defect], doubts: Collection[str], language: str) -> list[str]:
    """One sentence per code of a defect, in their order, then one per doubt; codes without a sentence have none."""
    code = language_code(language)
    language = code if code in HINTS else FALLBACK
    sentences = HINTS[language]
    hints = [
        UNCLEAR[language].format(hint=sentences[defect.code]) if defect.severity is None else sentences[defect.code]
        for defect in defects
        if defect.code in sentences
    ]
    hints += [sentences[doubt] for doubt in doubts]
    return list(dict.fromkeys(hints))
