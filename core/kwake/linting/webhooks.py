"""Services that objects make the API server call: admission webhooks, aggregated APIs, conversions."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kwake.linting.shapes import Shapes
from kwake.objects.document import FieldPath
from kwake.objects.finding import Finding
from kwake.objects.json_patch import add, replace
from kwake.objects.key import Key
from kwake.objects.kinds import Service, Unmodelled
from kwake.objects.slips import is_misspelt

HTTPS = 443
"""The port of a webhook's or an APIService's Service where it names none (`k8s:admissionregistration/v1/types.go`)."""


class ServiceReference(msgspec.Struct, frozen=True):
    """The Service that the API server calls."""

    namespace: str = ""
    name: str = ""
    port: int = HTTPS


class ClientConfig(msgspec.Struct, frozen=True):
    """How to call a webhook; without a Service it is a URL."""

    service: ServiceReference | None = None


class Webhook(msgspec.Struct, frozen=True, rename="camel"):
    """One webhook of a configuration, or of a CustomResourceDefinition's conversion."""

    name: str = ""
    client_config: ClientConfig = ClientConfig()


class WebhookConfiguration(msgspec.Struct, frozen=True):
    """A ValidatingWebhookConfiguration or MutatingWebhookConfiguration."""

    webhooks: tuple[Webhook, ...] = ()


class APIService(msgspec.Struct, frozen=True):
    """An APIService: `metrics.k8s.io` is one, and metrics-server answers it."""

    spec: ClientConfig = ClientConfig()


class Conversion(msgspec.Struct, frozen=True):
    """`spec.conversion` of a CustomResourceDefinition."""

    webhook: Webhook | None = None


class DefinitionSpec(msgspec.Struct, frozen=True):
    """`spec` of a CustomResourceDefinition."""

    conversion: Conversion = Conversion()


class Definition(msgspec.Struct, frozen=True):
    """A CustomResourceDefinition."""

    spec: DefinitionSpec = DefinitionSpec()


CALLING: dict[str, type[WebhookConfiguration | APIService | Definition]] = {
    "ValidatingWebhookConfiguration": WebhookConfiguration,
    "MutatingWebhookConfiguration": WebhookConfiguration,
    "APIService": APIService,
    "CustomResourceDefinition": Definition,
}
"""Kinds that make the API server call a Service."""


def references(among: Shapes) -> Iterator[tuple[Key, FieldPath, ServiceReference]]:
    """Every Service that the API server is told to call, with the object and the field that says so; each once."""
    for value in among.cluster.all(Unmodelled):
        form = CALLING.get(value.kind)
        read = among.read(value.key, form) if form is not None else None
        told = set()
        for path, config in _configs(read) if read is not None else ():
            if config.service is not None and config.service not in told:
                told.add(config.service)
                yield value.key, (*path, "service"), config.service


def _configs(read: WebhookConfiguration | APIService | Definition) -> Iterator[tuple[FieldPath, ClientConfig]]:
    match read:
        case WebhookConfiguration(webhooks):
            for at, webhook in enumerate(webhooks):
                yield ("webhooks", at, "clientConfig"), webhook.client_config
        case APIService(spec):
            yield ("spec",), spec
        case Definition(spec=DefinitionSpec(Conversion(Webhook() as webhook))):
            yield ("spec", "conversion", "webhook", "clientConfig"), webhook.client_config


def webhook_findings(among: Shapes) -> Iterator[Finding]:
    """A port that the Service does not have, 443 where none is named (github.com/cruise-automation/k-rail/pull/76,
    github.com/microcumulus/ca-injector/pull/4), and a Service that is nearly called so: each call fails."""
    for key, path, reference in references(among):
        service = among.cluster.service(reference.namespace, reference.name)
        if service is None:
            those = (s.metadata.name for s in among.cluster.all(Service, reference.namespace))
            near = sorted(name for name in those if is_misspelt(reference.name, name))
            if near:
                text = f"the API server is to call Service {reference.namespace}/{reference.name}; there is {near[0]}"
                yield among.warning(key, path, text, replace((*path, "name"), near[0]))
        elif all(port.port != reference.port for port in service.spec.ports):
            there = ", ".join(str(port.port) for port in service.spec.ports) or "none"
            named = f"{reference.namespace}/{reference.name}"
            text = f"the API server is to call port {reference.port} of Service {named}, which has {there}"
            fix = [add((*path, "port"), service.spec.ports[0].port)] if len(service.spec.ports) == 1 else []
            yield among.warning(key, path, text, *fix)
