"""A drill: wrong labels that are known, planted on a branch of their own, to be found there.

The planted labels are laid over the *imported* ones, so that the edit log and history show an
annotator nothing. Two rules keep them there, both pure functions of what the files say:

- The overlay counts on the drill's own branch and nowhere else (``ide.store.drill_file``).
- An edit that is made in a drill says so in its evidence (``{"drill": id}``) and counts in that
  drill only (``counting``): a label that was confirmed there may be a planted one. What people
  said of other examples is carried over as new edits when the drill ends (``carried``).

So a merge of the branch, by whatever git, brings nothing that counts.
See docs/decisions/040-drills.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from ide.dataset.edit import EDIT_ACTIONS, Edit, make_edit
from ide.dataset.errors import DrillError

DRILLS = "drill/"  # what the names of drills' branches begin with
EVIDENCE_KEY = "drill"  # in an edit's evidence: the drill that it was made in
KINDS = ("mixed", "neighbouring", "uniform")
_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class Planted:
    """One wrong label. ``kind``: uniform, or neighbouring (a class that the network confuses)."""

    example_id: str
    label: str
    true_label: str
    split: str
    kind: str


@dataclass(frozen=True, slots=True)
class Drill:
    """What was planted in one dataset, and where: ``datasets/<name>/edits/drill.json``."""

    dataset: str
    seed: int
    kind: str  # one of KINDS
    home: str  # the branch that it was begun on, and that its end goes back to
    planted: tuple[Planted, ...]  # sorted by example id

    @property
    def drill_id(self) -> str:
        """8 hex digits of what is planted: the same drill twice has one name."""
        said = [self.dataset, *(f"{p.example_id}\0{p.label}" for p in self.planted)]
        return hashlib.blake2b("\n".join(said).encode(), digest_size=_ID_BYTES).hexdigest()

    @property
    def branch(self) -> str:
        """The only branch on which it counts."""
        return f"{DRILLS}{self.dataset}-{self.drill_id}"

    @property
    def labels(self) -> dict[str, str]:
        """Example id → planted label."""
        return {p.example_id: p.label for p in self.planted}


def to_json(drill: Drill) -> str:
    """Return the text of ``drill.json``: one planted label a line, keys in a fixed order."""
    head = {
        "drill": drill.drill_id,
        "branch": drill.branch,
        "dataset": drill.dataset,
        "home": drill.home,
        "kind": drill.kind,
        "seed": drill.seed,
    }
    lines = [f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}," for k, v in head.items()]
    rows = [
        {
            "example_id": p.example_id,
            "label": p.label,
            "true_label": p.true_label,
            "split": p.split,
            "kind": p.kind,
        }
        for p in drill.planted
    ]
    listed = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in rows)
    return "\n".join(["{", *lines, '  "planted": [', listed, "  ]", "}", ""])


def parse_drill(text: str, where: str) -> Drill:
    """Read ``drill.json``; raise ``DrillError`` for one that is damaged or was changed by hand."""
    try:
        data = json.loads(text)
        planted = tuple(
            Planted(
                *(_text(row[k]) for k in ("example_id", "label", "true_label", "split", "kind"))
            )
            for row in data["planted"]
        )
        drill = Drill(
            dataset=_text(data["dataset"]),
            seed=int(data["seed"]),
            kind=_text(data["kind"]),
            home=_text(data["home"]),
            planted=planted,
        )
        is_whole = bool(planted) and (data["drill"], data["branch"]) == (
            drill.drill_id,
            drill.branch,
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DrillError(
            f"{where} is no drill ({type(error).__name__}: {str(error)[:100]}), so that no "
            f"planted label counts. Bring it back with: git checkout HEAD -- {where}"
        ) from None
    if not is_whole:
        raise DrillError(
            f"{where} does not hold what its drill {str(data['drill'])[:20]!r} planted, so that no "
            f"planted label counts. Bring it back with: git checkout HEAD -- {where}"
        )
    return drill


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:40]!r} is not text")
    return value


def drill_of(edit: Edit) -> str | None:
    """Return the id of the drill that an edit was made in; None = in none."""
    return (
        str(edit.evidence[EVIDENCE_KEY])
        if edit.evidence and EVIDENCE_KEY in edit.evidence
        else None
    )


def made_in(edit: Edit, drill_id: str) -> Edit:
    """Return the edit with a drill in its evidence; it then counts in that drill only."""
    return _with_evidence(edit, {**(edit.evidence or {}), EVIDENCE_KEY: drill_id})


def counting(edits: Iterable[Edit], drill_id: str | None) -> list[Edit]:
    """Return the edits that count while the drill ``drill_id`` (None = none) is in force."""
    return [e for e in edits if drill_of(e) in (None, drill_id)]


def carried(edits: Iterable[Edit], drill: Drill) -> list[Edit]:
    """Return, of the edits made in a drill, what counts outside too, as edits of their own.

    Edits of planted examples are left behind: they judge a label that nobody gave. The others
    get ids that follow from the old ones (so that carrying twice is carrying once) and name each
    other by them; annotator, time and reason stay, and the evidence says where they come from.
    """
    planted = drill.labels
    own = [e for e in edits if drill_of(e) == drill.drill_id and e.example_id not in planted]
    new_ids = {e.edit_id: _carried_id(e.edit_id) for e in own}
    return [_carried(edit, new_ids) for edit in own]


def stranded(edits: Iterable[Edit], drill: Drill, known: Collection[str]) -> list[Edit]:
    """Return the edits that only this branch has and that are no drill's: they go home as they are.

    ``known``: the edit ids that home has. What was written about planted examples while they were
    planted stays, also where a tool left the drill out of the evidence.
    """
    planted = drill.labels
    return [
        e
        for e in edits
        if drill_of(e) is None and e.edit_id not in known and e.example_id not in planted
    ]


def _carried(edit: Edit, new_ids: Mapping[str, str]) -> Edit:
    kept = {k: v for k, v in (edit.evidence or {}).items() if k != EVIDENCE_KEY}
    is_of_edit = edit.action in EDIT_ACTIONS
    return make_edit(
        edit.example_id,
        edit.action,
        new_ids.get(edit.value or "", edit.value) if is_of_edit else edit.value,
        annotator=edit.annotator,
        previous=[new_ids.get(p, p) for p in edit.previous],
        reason=edit.reason,
        evidence={**kept, "carried_from": edit.edit_id},
        edit_id=new_ids[edit.edit_id],
        made_at=edit.made_at,
    )


def _carried_id(edit_id: str) -> str:
    """Return a UUIDv7 of the same moment whose other bits follow from the old id."""
    old = UUID(edit_id).int
    fresh = int.from_bytes(hashlib.blake2b(b"carried" + edit_id.encode(), digest_size=16).digest())
    moment, rest = old >> 80 << 80, fresh & ((1 << 80) - 1)
    rest = rest & ~(0xF << 76) | 0x7 << 76
    rest = rest & ~(0b11 << 62) | 0b10 << 62
    return str(UUID(int=moment | rest))


def _with_evidence(edit: Edit, evidence: Mapping[str, object]) -> Edit:
    return make_edit(
        edit.example_id,
        edit.action,
        edit.value,
        annotator=edit.annotator,
        previous=edit.previous,
        reason=edit.reason,
        evidence=evidence,
        edit_id=edit.edit_id,
        made_at=edit.made_at,
    )
