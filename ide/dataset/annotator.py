"""What a person is called in the edit log: a name that is also a file's, in any script.

See docs/decisions/077-names-in-every-script.md.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b

MAX_CHARACTERS = 64
MAX_BYTES = 192  # in UTF-8: a file's name has at most 255, with its ending and a temporary one's
NOBODY = "someone"
_ASCII = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_JOINTS = "-._"
# letters and marks that nobody sees: fillers, joiners, variation selectors
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)


def annotator_slug(name: str) -> str:
    """Turn a person's name into an annotator: ``Ada Lovelace`` → ``ada-lovelace``.

    Letters of every script stay what they are, so that José is not Jose and 山田 太郎 is
    ``山田-太郎``. A name without any letter or digit becomes ``someone`` with a hash, if it says
    anything at all. What comes out is its own slug.
    """
    return _ascii_slug(name) if name.isascii() else _slug(name)


def is_annotator(name: str) -> bool:
    """Whether a name can be an annotator's, and that of a file of the edit log."""
    if name.isascii():
        return _ASCII.fullmatch(name) is not None
    return len(name) <= MAX_CHARACTERS and _slug(name) == name


def _ascii_slug(name: str) -> str:
    slug = re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip(_JOINTS)
    return slug[:MAX_CHARACTERS].strip(_JOINTS) or NOBODY


@lru_cache(maxsize=1024)
def _slug(name: str) -> str:
    text = _folded(name)
    kept = "".join(c if c in _JOINTS or _is_word(c) else "\0" for c in text)
    slug = _stripped(re.sub("\0+", "-", kept))
    if not slug:
        return f"{NOBODY}-{_hash(text)}"
    short = _cut(slug, MAX_CHARACTERS, MAX_BYTES)
    if short == slug:
        return slug
    return f"{_cut(slug, MAX_CHARACTERS - 7, MAX_BYTES - 7)}-{_hash(slug)}"


def _folded(text: str) -> str:
    """Return text in lower case and in one spelling of each letter (NFKC), as files need it."""
    lower = unicodedata.normalize("NFKC", text).lower().replace("i\u0307", "i")  # of İ
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", lower))


def _is_word(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind[0] in "LM" or kind == "Nd"


def _stripped(slug: str) -> str:
    """Take joints off both ends, and marks that have no letter to stand on off the beginning."""
    slug = slug.strip(_JOINTS)
    while slug and unicodedata.category(slug[0])[0] == "M":
        slug = slug[1:].lstrip(_JOINTS)
    return slug


def _cut(slug: str, n_characters: int, n_bytes: int) -> str:
    slug = slug[:n_characters]
    while len(slug.encode()) > n_bytes:
        slug = slug[:-1]
    return slug.rstrip(_JOINTS)


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()
