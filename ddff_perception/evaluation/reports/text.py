"""Text that anyone may have written, made safe for a page."""

from __future__ import annotations

import re
from html import escape

# What XML, and therefore a well-formed page, cannot hold even escaped.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def safe_text(text: str) -> str:
    """`text` escaped for element content and quoted attributes."""
    return escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text), quote=True)
