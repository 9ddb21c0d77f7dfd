"""What Streamlit is told: each option that guards, to read no file but ours, to ask nobody."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_LOOK = Path(__file__).parent / ".streamlit" / "config.toml"


def server_config(
    *, port: int, address: str = "127.0.0.1", origins: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the options that are pinned; ``origins`` are those that a person allows."""
    return {
        "global.developmentMode": False,
        "global.e2eTest": False,
        "global.unitTest": False,
        "global.appTest": False,
        "logger.level": "info",
        "logger.hideWelcomeMessage": True,  # it looks up addresses to print
        "client.allowedOrigins": [],  # pages that may steer ours by messages
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.toolbarMode": "minimal",
        "runner.magicEnabled": False,
        # a full collection after every run holds the whole server up for a tenth of a second, and a
        # page can ask for a thousand runs at once; Python collects by itself where it is needed
        "runner.postScriptGC": False,
        "server.address": address,
        "server.port": port,
        "server.baseUrlPath": "",
        "server.customComponentBaseUrlPath": "",
        "server.headless": True,  # serve() opens the browser itself
        "server.showEmailPrompt": False,
        "server.enableCORS": True,
        "server.corsAllowedOrigins": list(origins),
        "server.allowedHosts": [],  # the guard knows them
        "server.enableXsrfProtection": True,
        "server.xsrfCookieSameSite": "lax",
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.scriptHealthCheckEnabled": False,
        "server.trustedUserHeaders": {},
        "server.unsafeMetricsUserAttributes": [],
        "server.fileWatcherType": "none",
        "server.folderWatchList": [],
        "server.runOnSave": False,
        "server.allowRunOnSave": False,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": "localhost",
        "browser.serverPort": port,
        "secrets.files": [],  # a secret is also set as an environment variable
    }


def apply(config: dict[str, Any]) -> None:
    """Have Streamlit read our look and nothing else, take ``config``, and look up no address.

    It would read ``.streamlit/`` in the home and in the workspace, which comes from whoever made
    it; and to judge an Origin that it does not know it would ask an outside address for this
    machine's own, and then allow what it hears.
    """
    import streamlit.config
    from streamlit import net_util

    for name in [name for name in os.environ if name.startswith("STREAMLIT_")]:
        del os.environ[name]
    streamlit.config.get_config_files = _files
    net_util.get_external_ip = _no_address
    net_util.get_internal_ip = _no_address
    streamlit.config.get_config_options(force_reparse=True, options_from_flags=config)


def _files(file_name: str) -> list[str]:
    return [str(_LOOK)] if file_name == _LOOK.name else []


def _no_address() -> None:
    return None
