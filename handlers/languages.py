"""Languages an answer can be asked for, by ISO 639-1 code."""

_NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "eu": "Basque",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish", "gl": "Galician", "he": "Hebrew",
    "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "is": "Icelandic", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "mk": "Macedonian", "ms": "Malay",
    "nb": "Norwegian Bokmål", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sq": "Albanian", "sr": "Serbian",
    "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_CODES = {name.casefold(): code for code, name in _NAMES.items()}


def language_code(language: str) -> str:
    """The code in "de", "de-AT", "de_DE.UTF-8" or "German"; other text in lower case; empty: "en"."""
    text = language.strip().casefold()
    return _CODES.get(text) or text.replace("_", "-").split("-")[0].split(".")[0] or "en"


def language_name(language: str) -> str:
    """The English name for a prompt: "German" for "de"; an unknown code names itself."""
    code = language_code(language)
    return _NAMES.get(code, f"the language with ISO 639 code '{code}'")
