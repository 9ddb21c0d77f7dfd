"""What axe-core finds on a page, and which of what a key reaches does not show its focus."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import axe_playwright_python

THEMES = ("light", "dark")
SETTLES_MS = 300  # that a theme takes to be drawn
# rules that Streamlit's own elements break and that we cannot mend, each with its reason
EXCEPTED: dict[str, str] = {}

# rules beyond those of WCAG's levels A and AA that axe-core calls serious or critical
_OTHER_RULES = ("page-has-heading-one", "heading-order")
_RUN = """async ({rules, others}) => {
  const more = Object.fromEntries(others.map((id) => [id, { enabled: true }]));
  const chosen = rules ? { runOnly: { type: "rule", values: rules } } : { rules: more };
  const { violations } = await axe.run(document, { ...chosen, resultTypes: ["violations"] });
  // WCAG 1.4.3 asks no contrast of what is inactive; the label of a field does not tell axe so
  const isInactive = ({ target: [selector, inner] }) => typeof selector === "string" && !inner
    && document.querySelector(selector)?.closest(".stElementContainer")?.querySelector(":disabled");
  const active = (id, nodes) => nodes.filter((n) => id !== "color-contrast" || !isInactive(n));
  return violations.flatMap(({ id, impact, nodes }) => active(id, nodes).map((node) => ({
    id,
    impact: node.impact ?? impact,
    target: node.target.flat().join(" >> "),
    html: node.html.slice(0, 160),
    why: (node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? "",
  })));
}"""
# what can have the focus, in whichever shadow root, one of each kind, that looks with it as without
_WITHOUT_RING = """async (known) => {
  const wanted = "a[href], button, input, textarea, select, summary, [tabindex='0']";
  const reached = (root) => [...root.querySelectorAll("*")].flatMap((element) => [
    ...(element.matches(wanted) && !element.disabled ? [element] : []),
    ...(element.shadowRoot ? reached(element.shadowRoot) : []),
  ]);
  const kindOf = (element) => `${element.tagName} ${element.type ?? ""} ${element.className}`;
  const later = () => new Promise((resolve) => setTimeout(resolve, 60));
  const kinds = new Set(known);
  const hidden = [];
  for (const element of reached(document)) {
    const isSeen = element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
    if (kinds.has(kindOf(element)) || !isSeen || element.tagName === "CANVAS") continue; // a table
    kinds.add(kindOf(element)); // draws its own ring in its canvas
    const around = [];
    for (let node = element; node && around.length < 6; node = node.parentElement) {
      around.push(node);
    }
    const looks = () => around.map((node) => {
      const style = getComputedStyle(node);
      const { outline, boxShadow, borderColor, backgroundColor, textDecoration } = style;
      return [outline, boxShadow, borderColor, backgroundColor, textDecoration].join();
    }).join();
    document.activeElement?.blur();
    const before = looks();
    element.focus({ focusVisible: true, preventScroll: true });
    if (/^(INPUT|TEXTAREA)$/.test(element.tagName)) await later(); // is told, and drawn anew
    const name = element.getAttribute("aria-label") ?? element.innerText?.slice(0, 30) ?? "";
    if (looks() === before) hidden.push(`${kindOf(element)}: ${name}`);
  }
  document.activeElement?.blur();
  return { hidden, kinds: [...kinds] };
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


def without_ring(page, kinds: set[str]) -> list[str]:
    """Return what can have the focus on a page and does not show it; kinds: those seen, grows."""
    found = page.evaluate(_WITHOUT_RING, sorted(kinds))
    kinds.update(found["kinds"])
    return found["hidden"]
