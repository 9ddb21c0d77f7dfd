"""Gates in the workbench: what stands in Evals, and the form that makes one."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

import ide.app
from ide.app.gates_panel import bars_of
from ide.dataset.gates import Gate
from ide.store.builds import current_build
from ide.store.gates import add_gate, judge_gates
from ide.store.state import imported_labels

NAME = "digits"
MAIN = Path(ide.app.__file__).parent / "main.py"
HOSTILE = "<script>alert(1)</script> :red[**x**] $y$"


def opened(view: str, **parameters: str) -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.query_params["dataset"] = NAME
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.switch_page(f"views/{view}.py").run()


def said(app: AppTest) -> str:
    kinds = (app.error, app.warning, app.info, app.caption, app.markdown, app.toast)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


def test_the_form_says_what_a_gate_tells_and_a_saved_one_stands_in_evals(digits, monkeypatch):
    monkeypatch.setenv("UPWELL_WORKSPACE", str(digits.root))
    example_id = min(imported_labels(digits, NAME))
    page = opened("example", example=example_id)
    page.button(key="example_gate").click().run()
    assert f"example_id = '{example_id}'" in [area.value for area in page.text_area]
    assert "s now**" in said(page)
    assert not page.button(key="gate_save").disabled
    assert not page.exception and not page.error
    add_gate(digits, NAME, Gate(HOSTILE, f"example_id <> '{HOSTILE}'", "loss", 0.0))
    evals = opened("evals")
    assert not evals.exception and not evals.error
    assert "fails" in said(evals).replace("\\", "") and "<script>" not in said(evals)


def test_every_gate_has_a_bar_with_its_bound_those_that_fail_first(compiled_digits):
    build = current_build(compiled_digits, NAME)
    gates = [
        Gate("a", "true", "accuracy", 0.5),
        Gate("b", "label = '8'", "accuracy", 1.0, split=None),
        Gate("c", "true", "n_wrong", 0),
        Gate("d", "label = 'x'", "accuracy", 0.9),
    ]
    bars, low = bars_of(judge_gates(compiled_digits, NAME, build=build, gates=gates))
    assert {bar.label for bar in bars} == {"a", "b", "c", "d"}
    assert [bar.tone for bar in bars] == sorted(bar.tone for bar in bars)
    assert all(low <= bar.mark <= 1 for bar in bars)
    assert next(bar for bar in bars if bar.label == "d").value is None
