"""Exec plugins of a kubeconfig, run so that a failure is told and nobody is asked where nobody can answer.

The official client inherits the terminal whenever standard output is one and only logs a failure; in a console the
first breaks the screen, and the second ends in an unexplained 401.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from kwake_live.errors import PluginError

TIMEOUT_S = 60
"""How long a plugin may take, a browser's login included."""

_SHOWN = 300
"""Characters of a plugin's own words that a message shows."""


def plugin_type(base: type[Any], failures: list[PluginError], *, interactive: bool) -> type[Any]:
    """The client's ExecProvider with our way to run it; what went wrong is added to `failures`."""

    class Plugin(base):  # type: ignore[misc]  # the official library has no types
        """Runs the plugin of a user of the kubeconfig."""

        def run(self, previous_response: object = None) -> dict[str, Any]:
            """The status of the ExecCredential that the plugin prints. Raises PluginError."""
            try:
                return _run(self, interactive=interactive)
            except PluginError as error:
                failures.append(error)
                raise

    return Plugin


def _run(plugin: Any, *, interactive: bool) -> dict[str, Any]:
    name = os.path.basename(plugin.args[0])  # noqa: PTH119  # a command may be a bare name
    spec: dict[str, Any] = {"interactive": interactive}
    cluster = getattr(plugin, "cluster", None)  # not in version 31
    if cluster:
        spec["cluster"] = cluster.value
    info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    environment = {**plugin.env, "KUBERNETES_EXEC_INFO": json.dumps(info)}
    try:
        done = subprocess.run(
            plugin.args,
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=sys.__stderr__ if interactive else subprocess.PIPE,
            cwd=plugin.cwd,
            env=environment,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            start_new_session=not interactive,  # away from the terminal, a plugin that asks fails at once
        )
    except FileNotFoundError:
        raise PluginError(
            f"exec plugin {name}: there is no such command; the kubeconfig names {plugin.args[0]}"
        ) from None
    except subprocess.TimeoutExpired:
        hint = "" if interactive else "; run kubectl once to log in, then kwake again"
        raise PluginError(f"exec plugin {name}: no answer within {TIMEOUT_S} s{hint}") from None
    except OSError as error:
        raise PluginError(f"exec plugin {name}: {error.strerror}") from None
    if done.returncode != 0:
        words = " ".join((done.stderr or "").split())[:_SHOWN]
        raise PluginError(f"exec plugin {name}: ended with {done.returncode}{': ' if words else ''}{words}")
    return _status(name, done.stdout, plugin.api_version)


def _status(name: str, printed: str, api_version: str) -> dict[str, Any]:
    try:
        answer = json.loads(printed)
    except ValueError:
        raise PluginError(f"exec plugin {name}: what it printed is no JSON") from None
    status = answer.get("status") if isinstance(answer, dict) else None
    if not isinstance(status, dict):
        raise PluginError(f"exec plugin {name}: what it printed is no ExecCredential with a status")
    if answer.get("apiVersion") != api_version:
        raise PluginError(
            f"exec plugin {name}: it answers in {answer.get('apiVersion')}, the kubeconfig asks for {api_version}"
        )
    if not status.get("token") and not (status.get("clientCertificateData") and status.get("clientKeyData")):
        raise PluginError(f"exec plugin {name}: it gave neither a token nor a certificate with its key")
    return status
