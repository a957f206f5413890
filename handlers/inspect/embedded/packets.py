"""What Draw Things writes into a packet of XMP: the same JSON that others write into EXIF."""

from xml.etree import ElementTree as ET

_EXIF, _XMP = "{http://ns.adobe.com/exif/1.0/}", "{http://ns.adobe.com/xap/1.0/}"
_PROGRAM = "Draw Things"


def read_comment(packet: bytes) -> str:
    """The UserComment of a packet of Draw Things, else nothing. Raises UnicodeError, ParseError."""
    if _PROGRAM.encode() not in packet:
        return ""
    text = packet.decode()
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return ""  # a packet declares nothing; whoever does wants its entities expanded
    root = ET.fromstring(text.strip("\N{ZERO WIDTH NO-BREAK SPACE}\0 \t\r\n"))  # noqa: S314 - no entities, and a bounded text
    return _find(root, _EXIF + "UserComment") if _find(root, _XMP + "CreatorTool") == _PROGRAM else ""


def _find(root: ET.Element, name: str) -> str:
    """The text of an element, or of the attribute that may stand for it."""
    for element in root.iter():
        if element.tag == name:
            return "".join(element.itertext()).strip()
        if name in element.attrib:
            return element.attrib[name].strip()
    return ""
