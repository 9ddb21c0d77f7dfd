"""Examples that cannot be read: all of a source are named at once, or left out."""

from __future__ import annotations

from dataclasses import dataclass, field

from ide.dataset.errors import ImportRefusedError

N_NAMED = 20
_SHOWN = 120  # characters of a file's name
_END = " Nothing was imported."


@dataclass(slots=True)
class Broken:
    """What was found broken while rows passed."""

    is_skipped: bool  # left out rather than refused
    n: int = 0
    first: str = ""  # the sentence about the first one
    named: list[str] = field(default_factory=list)  # where the first twenty are

    def add(self, where: str, error: ImportRefusedError) -> None:
        """Remember an example that cannot be read."""
        self.n += 1
        self.first = self.first or str(error).removesuffix(_END)
        if len(self.named) < N_NAMED:
            self.named.append(where[:_SHOWN])

    def refuse_any(self) -> None:
        """Raise ``ImportRefusedError`` with all that is broken, unless that is left out."""
        if self.is_skipped or not self.n:
            return
        if self.n == 1:
            raise ImportRefusedError(f"{self.first}{_END}")
        raise ImportRefusedError(
            f"{self.n:,} examples cannot be read. {self.first} The others: "
            f"{self._listed(self.named[1:])}. Mend them, or leave all of them out with "
            f"--skip-broken.{_END}"
        )

    def note(self) -> str | None:
        """Return what a person should know of what was left out; None = nothing was."""
        if not self.n:
            return None
        noun = "example was" if self.n == 1 else "examples were"
        return f"{self.n:,} broken {noun} left out: {self._listed(self.named)}"

    def _listed(self, named: list[str]) -> str:
        more = self.n - len(self.named)
        return ", ".join(named) + (f" and {more:,} more" if more else "")
