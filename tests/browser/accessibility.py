"""What axe-core finds on a page, and which of what a key reaches does not show its focus."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import axe_playwright_python

THEMES = ("light", "dark")
SETTLES_MS = 300  # that a theme takes to be drawn
MAX_TABS = 60  # of a page's controls that are tried
# rules that Streamlit's own elements break and that we cannot mend, each with its reason
EXCEPTED: dict[str, str] = {}

# rules beyond those of WCAG's levels A and AA that axe-core calls serious or critical
_OTHER_RULES = ("page-has-heading-one", "heading-order")
_RUN = """async ({rules, others}) => {
  const more = Object.fromEntries(others.map((id) => [id, { enabled: true }]));
  const chosen = rules ? { runOnly: { type: "rule", values: rules } } : { rules: more };
  const { violations } = await axe.run(document, { ...chosen, resultTypes: ["violations"] });
  return violations.flatMap(({ id, impact, nodes }) => nodes.map((node) => ({
    id,
    impact: node.impact ?? impact,
    target: node.target.flat().join(" >> "),
    html: node.html.slice(0, 160),
    why: (node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? "",
  })));
}"""
# the element that has the focus, in whichever shadow root, and whether it or what is around it
# looks otherwise than without the focus; Streamlit's fields are told of that, and drawn anew
_FOCUSED = """async () => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  if (!element || element === document.body) return null;
  const around = [];
  for (let node = element; node && around.length < 6; node = node.parentElement) around.push(node);
  const looks = () => around.map((node) => {
    const style = getComputedStyle(node);
    const { outline, boxShadow, borderColor, backgroundColor, textDecoration } = style;
    return [outline, boxShadow, borderColor, backgroundColor, textDecoration].join();
  }).join();
  const later = () => new Promise((resolve) => setTimeout(resolve, 100));
  const isField = /^(INPUT|TEXTAREA)$/.test(element.tagName);
  if (isField) await later();
  const focused = looks();
  element.blur();
  if (isField) await later();
  const isShown = looks() !== focused || element.tagName === "CANVAS"; // a table draws its own ring
  element.focus({ focusVisible: true, preventScroll: true });
  const name = element.getAttribute("aria-label") ?? element.innerText?.slice(0, 30) ?? "";
  const id = `${element.tagName.toLowerCase()} ${name} ${element.className}`;
  return { id: id.trim().slice(0, 120), isShown };
}"""
_NO_TRANSITIONS = (
    "*, *::before, *::after { transition: none !important; animation: none !important; }"
)


@lru_cache(maxsize=1)
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def violations(page, *, is_whole: bool) -> list[str]:
    """Return what is serious or critical on a page; ``is_whole``: by all rules, not one."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(_axe())
        page.add_style_tag(content=_NO_TRANSITIONS)
    page.wait_for_timeout(SETTLES_MS)
    rules = None if is_whole else ["color-contrast"]
    found = page.evaluate(_RUN, {"rules": rules, "others": _OTHER_RULES})
    return [
        f"{one['id']}: {one['target']}: {one['html']}: {one['why']}"
        for one in found
        if one["impact"] in ("serious", "critical") or one["id"] == "page-has-heading-one"
        if one["id"] not in EXCEPTED
    ]


def reached_by_tab(page) -> list[str]:
    """Press Tab through a page and return what has the focus then and does not show it."""
    page.evaluate("() => document.activeElement?.blur()")
    hidden, seen = [], set()
    for _ in range(MAX_TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None:
            break
        if focused["id"] not in seen and not focused["isShown"]:
            hidden.append(focused["id"])
        seen.add(focused["id"])
    return hidden
