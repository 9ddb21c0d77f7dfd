"""Where the pictures come from: one address an example, which never changes its meaning."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote

from ide.store.examples import examples_revision
from ide.store.payloads import PayloadReader
from ide.store.workspace import Workspace

ROUTE = "/payload"
PICTURES = frozenset({"image", "strokes"})  # modalities whose address is that of a picture
# an id that a path can carry as it is; others could be taken for dots, slashes or drives
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")


def payload_url(workspace: Workspace, dataset: str, example_id: str) -> str:
    """Return the address of an example's payload; its hash is in it, so caches keep it for ever.

    Raises ``ExampleNotFoundError``.
    """
    return payload_urls(workspace, dataset)(example_id)


def payload_urls(workspace: Workspace, dataset: str) -> Callable[[str], str]:
    """Return the same for many examples: the parts are looked at once."""
    revision = examples_revision(workspace, dataset)
    return lambda example_id: _payload_url(workspace, dataset, example_id, revision)


@lru_cache(maxsize=100_000)
def _payload_url(workspace: Workspace, dataset: str, example_id: str, _revision: str) -> str:
    content_hash = payload_reader(workspace, dataset).get(example_id)[2]
    return f"{ROUTE}/{quote(dataset)}/{content_hash}/{path_of(example_id)}"


@lru_cache(maxsize=16)
def payload_reader(workspace: Workspace, dataset: str) -> PayloadReader:
    """Return the one reader that pages and routes share, with its cache."""
    return PayloadReader(workspace, dataset)


def path_of(example_id: str) -> str:
    """Write an example id, which may be any text, as the end of a path."""
    if _PLAIN.fullmatch(example_id):
        return example_id
    encoded = base64.urlsafe_b64encode(example_id.encode("utf-8", "surrogatepass"))
    return "~" + encoded.decode().rstrip("=")


def id_of(path: str) -> str | None:
    """Read an example id off a path; None where it is not one."""
    if not path.startswith("~"):
        return path
    encoded = path[1:] + "=" * (-len(path[1:]) % 4)
    try:
        return base64.b64decode(encoded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
