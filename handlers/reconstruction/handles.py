"""By what artists go on the web, and the sites where they show their work."""

import re
from typing import Final

SITES: Final = re.compile(
    r"(?i:(?:\b(?:trending|featured|popular|posted|seen|award[\s-]winning|contest winner)\s+(?:on|at|auf|bei)\s+)?[#@]?"
    r"\b(?:art\s?station(?:\s?hq)?|deviant\s?art|pixiv|cg\s?society|behance|patreon|dribbble)\b)"
)
AT_HANDLE: Final = re.compile(r"(?<![\w@])@\w[\w.]{2,}")
HANDLE: Final = re.compile(
    rf"{AT_HANDLE.pattern}|\b(?!(?:Mc|Mac|De|Di|La|Le|Van|Von|Fitz)[A-Z])[A-Z][a-z]+[A-Z][A-Za-z]+\b"
)
"""Also such as RossDraws: two words in one."""
