"""Services whose shape alone the API server refuses (`k8s:pkg/apis/core/validation/validation.go` ValidateService).

What each type may carry (SV-1 and on) depends on the old object and on what is allocated: `control/services.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from kwake.control.admission_names import dns_label, label_value, port_name, port_number, qualified_name
from kwake.control.admission_policies import PROTOCOLS
from kwake.control.violation import Violation, invalid, unsupported
from kwake.objects.kinds import Service

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")


def service_violations(service: Service) -> Iterator[Violation]:
    """Every rule that the form of a Service's fields breaks."""
    spec = service.spec
    if spec.type not in TYPES:
        yield unsupported(("spec", "type"), spec.type, TYPES)
    for key, value in spec.selector.items():
        yield from (invalid(("spec", "selector", key), key, words) for words in qualified_name(key))
        yield from (invalid(("spec", "selector", key), value, words) for words in label_value(value))
    for at, port in enumerate(spec.ports):
        where = ("spec", "ports", at)
        yield from (invalid((*where, "port"), port.port, words) for words in port_number(port.port))
        if port.name:
            yield from (invalid((*where, "name"), port.name, words) for words in dns_label(port.name))
        if port.protocol not in PROTOCOLS:
            yield unsupported((*where, "protocol"), port.protocol, PROTOCOLS)
        match port.target_port:
            case int() as number if number:  # 0 reads as absent: the API server puts the port there
                yield from (invalid((*where, "targetPort"), number, words) for words in port_number(number))
            case str() as name if name:
                yield from (invalid((*where, "targetPort"), name, words) for words in port_name(name))
