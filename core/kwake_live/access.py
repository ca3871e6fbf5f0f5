"""Who we are and where the API server is: a context of the kubeconfig, or a pod's own service account."""

from __future__ import annotations

import contextlib
import difflib
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kwake_live.errors import ContextError, LiveError, PluginError
from kwake_live.guard import guarded_client
from kwake_live.plugin import plugin_type

IN_CLUSTER = "in-cluster"
"""The context of a pod that reads its own cluster by its service account."""

CONNECTIONS = 64
"""Kept open at most: one for each kind that is followed."""

CLIENT_MISSING = "a live cluster is read with the official client, which is not installed: pip install kubernetes"


class Access:
    """A client for one cluster, behind the guard. It can be made anew when its credentials are no longer taken."""

    def __init__(self, context: str, *, interactive: bool) -> None:
        """Read the kubeconfig, run its exec plugin if it names one. Raises ContextError, PluginError."""
        self.context = context
        self._interactive = interactive
        self._lock = threading.Lock()
        self._generation = 0
        self._client, self._failures = _client(context, interactive=interactive)

    @property
    def server(self) -> str:
        """The API server's URL."""
        host: str = self._client.configuration.host
        return host.rstrip("/")

    @property
    def is_checked(self) -> bool:
        """Whether the server's certificate is checked: always, unless the kubeconfig says not to."""
        return bool(self._client.configuration.verify_ssl)

    @property
    def generation(self) -> int:
        """How often the credentials were read again."""
        return self._generation

    @property
    def client(self) -> Any:
        """The official client, behind the guard."""
        return self._client

    def headers(self) -> dict[str, str]:
        """What says who we are; an expired token is asked for again. Raises PluginError."""
        with self._lock, _plugins(self._failures, interactive=False), _log_of_client():
            self._failures.clear()
            settings = self._client.configuration.auth_settings()
            if self._failures:
                raise self._failures[0]
        return {item["key"]: item["value"] for item in settings.values() if item["in"] == "header" and item["value"]}

    def get(self, path: str, *, timeout: Any, stream: bool = False) -> Any:
        """The API server's answer to a GET of a path with its query. Raises what urllib3 raises, and PluginError."""
        headers = {"Accept": "application/json", "User-Agent": "kwake (read-only)", **self.headers()}
        pool = self._client.rest_client.pool_manager
        return pool.request("GET", self.server + path, headers=headers, timeout=timeout, preload_content=not stream)

    def close(self) -> None:
        """Let go of the connections: what was to be read is read."""
        self._client.rest_client.pool_manager.clear()

    def renew(self, generation: int) -> None:
        """Read the kubeconfig again: a token that was refused may have been replaced there. Once for all who ask.

        Raises ContextError, PluginError.
        """
        with self._lock:
            if generation == self._generation:
                self._client, self._failures = _client(self.context, interactive=False)
                self._generation += 1


def _client(context: str, *, interactive: bool) -> tuple[Any, list[PluginError]]:
    try:
        from kubernetes import client, config
    except ImportError:
        raise ContextError(CLIENT_MISSING) from None
    configuration = client.Configuration()
    configuration.host = ""
    configuration.retries = False
    configuration.connection_pool_maxsize = CONNECTIONS
    failures: list[PluginError] = []
    with _plugins(failures, interactive=interactive), _log_of_client() as log:
        try:
            if context == IN_CLUSTER and IN_CLUSTER not in _context_names(config, quiet=True):
                config.load_incluster_config(client_configuration=configuration)
            else:
                _check_context(config, context)
                config.load_kube_config(_kubeconfig(), context, client_configuration=configuration)
                _take_proxy(context, configuration)
        except config.ConfigException as error:
            raise ContextError(_told(context, error)) from None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ContextError(_told(context, error)) from None
    if failures:
        raise failures[0]
    if log:
        raise ContextError(f"context {context}: {log[0]}")
    if not configuration.host.startswith(("https://", "http://")):
        raise ContextError(f"context {context}: its cluster names no server, as https://HOST:PORT")
    if not configuration.no_proxy:  # version 35 reads it, and forgets it
        configuration.no_proxy = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    try:
        return guarded_client(client.ApiClient, configuration), failures
    except (OSError, ValueError) as error:  # a certificate that is not there or is none
        raise ContextError(f"context {context}: {_told_tls(error)}") from None


def _kubeconfig() -> str:
    return os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")


def _told(context: str, error: Exception) -> str:
    words = str(error) or type(error).__name__
    return f"context {context}: {_kubeconfig() if context != IN_CLUSTER else 'service account'}: {words}"


def _told_tls(error: Exception) -> str:
    return f"a certificate or key cannot be used: {getattr(error, 'strerror', None) or error}"


def _check_context(config: Any, context: str) -> None:
    """Raises ContextError for a kubeconfig that cannot be read, or one without the context."""
    names = _context_names(config)
    if context not in names:
        near = difflib.get_close_matches(context, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; there is {', '.join(sorted(names)) or 'none'}"
        raise ContextError(f"{context}: there is no such context in {_kubeconfig()}{hint}")


def _context_names(config: Any, *, quiet: bool = False) -> tuple[str, ...]:
    import yaml

    where = _kubeconfig()
    try:
        contexts, _ = config.list_kube_config_contexts(where)
    except config.ConfigException as error:
        # Also where no current context is set, which is no fault: the contexts are read all the same.
        if not _missing(where) or quiet:
            return _read_names(where)
        raise ContextError(f"{where}: {_missing(where) or error}") from None
    except yaml.YAMLError as error:
        raise ContextError(f"{where}: no kubeconfig: {' '.join(str(error).split())}") from None
    except OSError as error:
        raise ContextError(f"{where}: {error.strerror}") from None
    except (TypeError, AttributeError, UnicodeDecodeError, ValueError) as error:
        if quiet:
            return ()
        raise ContextError(f"{where}: no kubeconfig: {error}") from None
    return tuple(str(context["name"]) for context in contexts)


def _missing(where: str) -> str:
    files = [file for file in where.split(os.pathsep) if file]
    return "" if any(Path(file).exists() for file in files) else "there is no such file"


def _read_names(where: str) -> tuple[str, ...]:
    """The contexts of kubeconfigs that the client does not list, because no current one is set."""
    names: list[str] = []
    for value in _kubeconfigs(where):
        contexts = value.get("contexts")
        names += [c["name"] for c in contexts or () if isinstance(c, dict) and isinstance(c.get("name"), str)]
    return tuple(names)


def _kubeconfigs(where: str) -> Iterator[dict[str, Any]]:
    """The files that are there and can be read, in their order."""
    import yaml

    for file in where.split(os.pathsep):
        with contextlib.suppress(OSError, yaml.YAMLError, UnicodeDecodeError):
            value = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
            if isinstance(value, dict):
                yield value


def _take_proxy(context: str, configuration: Any) -> None:
    """`proxy-url` of the cluster, which the client reads only since version 36. Of two files with one name in them the
    first counts."""
    if configuration.proxy:
        return
    user = _named("contexts", context).get("context")
    cluster = _named("clusters", user.get("cluster") if isinstance(user, dict) else None).get("cluster")
    found = cluster.get("proxy-url") if isinstance(cluster, dict) else None
    if found:
        configuration.proxy = found


def _named(items: str, name: object) -> dict[str, Any]:
    """The first item of a name in the kubeconfigs; empty where there is none."""
    for value in _kubeconfigs(_kubeconfig()):
        for item in value.get(items) or ():
            if isinstance(item, dict) and item.get("name") == name:
                return item
    return {}


@contextlib.contextmanager
def _plugins(failures: list[PluginError], *, interactive: bool) -> Iterator[None]:
    """While the client reads a kubeconfig, its exec plugins are run our way."""
    from kubernetes.config import exec_provider, kube_config

    with _one_at_a_time:
        kube_config.ExecProvider = plugin_type(exec_provider.ExecProvider, failures, interactive=interactive)
        try:
            yield
        finally:
            kube_config.ExecProvider = exec_provider.ExecProvider


_one_at_a_time = threading.RLock()


@contextlib.contextmanager
def _log_of_client() -> Iterator[list[str]]:
    """What the client only logs while it reads a kubeconfig, instead of raising it."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.ERROR:
                said.append(record.getMessage())

    root, listener = logging.getLogger(), Listener()
    root.addHandler(listener)  # with a handler there, the client's logging sets up no other one
    try:
        yield said
    finally:
        root.removeHandler(listener)


def current_context() -> str:
    """The kubeconfig's current context; in a pod without kubeconfig its own cluster. Raises ContextError."""
    try:
        from kubernetes import config
    except ImportError:
        raise ContextError(CLIENT_MISSING) from None
    where = _kubeconfig()
    if _missing(where) and os.environ.get("KUBERNETES_SERVICE_HOST"):
        return IN_CLUSTER
    _context_names(config)
    # Of several files the first that names one, as kubectl has it; the client takes the last, which is another cluster.
    found = (value.get("current-context") for value in _kubeconfigs(where))
    current = next((name for name in found if name and isinstance(name, str)), None)
    if current is None:
        raise ContextError(f"{where}: there is no current-context; name one: --context NAME")
    return current


__all__ = ["IN_CLUSTER", "Access", "LiveError", "current_context"]
