"""fetch: bring in the examples of a dataset whose source is a package, such as scikit-learn."""

from __future__ import annotations

from ide.dataset.errors import ConfigError
from ide.store.importing import import_source
from ide.store.progress import report_progress
from ide.store.workspace import Workspace
from pipelines.stage import run_stage


def fetch(workspace: Workspace, name: str) -> None:
    """Write ``datasets/<name>/examples/`` from the source that ``dataset.toml`` names."""
    source = workspace.config(name).source
    if not source:
        raise ConfigError(
            f"datasets/{name}/dataset.toml has no source to fetch examples from; "
            f'wanted a line such as source = "sklearn:digits"'
        )

    def on_progress(message: str, step: int, n_steps: int | None) -> None:
        report_progress("fetch", step=step, n_steps=n_steps, dataset=name, message=message)

    import_source(workspace, source, name=name, track=False, on_progress=on_progress)


if __name__ == "__main__":
    run_stage("fetch", fetch)
