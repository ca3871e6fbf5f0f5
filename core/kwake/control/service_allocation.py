"""The numbers of Services: ClusterIPs, node ports and health check ports (SV-15, SV-30 to SV-32)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from weakref import WeakKeyDictionary

import msgspec

from kwake.cluster import Cluster
from kwake.control.desired_endpoints import parsed_address
from kwake.control.service_types import (
    Spec,
    allocates_node_ports,
    has_node_ports,
    is_headless,
    needs_cluster_ip,
    needs_health_check_port,
    node_ports_of,
)
from kwake.draws import Draws
from kwake.errors import Rejected
from kwake.objects.basis import Basis
from kwake.objects.key import Key, key
from kwake.objects.kinds import Service, Unmodelled
from kwake.profiles.profile import Profile

Network = IPv4Network | IPv6Network
_KUBERNETES = key("Service", "default", "kubernetes")


class ServiceRange(msgspec.Struct, frozen=True):
    """Where ClusterIPs come from, how sure that is, and why."""

    networks: tuple[Network, ...]
    basis: Basis
    note: str
    is_inferred: bool = False
    """Whether it was read off the addresses of Services, as nothing says it."""

    @property
    def families(self) -> tuple[str, ...]:
        """The IP families of Services in this cluster, the default one first."""
        return tuple(dict.fromkeys(f"IPv{network.version}" for network in self.networks))


def service_range(cluster: Cluster, profile: Profile) -> ServiceRange:
    """The ranges of ClusterIPs: the cluster's ServiceCIDR objects (SV-32), else the profile's.

    Where Services have addresses outside the profile's range, the range is taken to begin at the `kubernetes`
    Service's (its address is the first one, SV-31) and to be a /16, or as small or large as those addresses need.
    """
    known = _ranges.setdefault(cluster, {})
    setting = profile["service-cidr"]
    if setting not in known:
        known[setting] = _service_range(cluster, profile)
    return known[setting]


_ranges: WeakKeyDictionary[Cluster, dict[str, ServiceRange]] = WeakKeyDictionary()


def _service_range(cluster: Cluster, profile: Profile) -> ServiceRange:
    stated: list[Network] = []
    for value in cluster.all(Unmodelled):
        if value.kind == "ServiceCIDR" and value.metadata.deletion_timestamp is None:
            spec = cluster.record(value.key).manifest.get("spec") or {}
            stated += [ip_network(cidr) for cidr in spec.get("cidrs") or ()]
    if stated:
        return ServiceRange(tuple(stated), Basis.SOURCED, "the cluster's ServiceCIDR objects say so")
    setting = profile.setting("service-cidr")
    networks = [ip_network(cidr.strip()) for cidr in setting.value.split(",")]
    held = [a for s in cluster.all(Service) for ip in s.cluster_ips if (a := parsed_address(ip)) is not None]
    if all(any(address in network for network in networks) for address in held):
        return ServiceRange(tuple(networks), setting.basis, f"the profile's service-cidr {setting.value}")
    first = cluster.service("default", "kubernetes")
    inferred: list[Network] = []
    for version in sorted({address.version for address in held}):
        numbers = [int(address) for address in held if address.version == version]
        start = parsed_address(next(iter(first.cluster_ips), "")) if first is not None else None
        base = int(start) - 1 if start is not None and start.version == version else None
        inferred.append(_smallest(version, numbers, base))
    if first is not None and first.cluster_ips and (own := parsed_address(first.cluster_ips[0])) is not None:
        inferred.sort(key=lambda network: network.version != own.version)
    words = ", ".join(map(str, inferred))
    note = f"{words} assumed from the Services' own addresses"
    return ServiceRange(tuple(inferred), Basis.ASSUMED, note, is_inferred=True)


def node_port_range(profile: Profile, cluster: Cluster | None = None) -> tuple[int, int]:
    """The first and last node port, by the profile (SV-30); with a cluster, wide enough for what its Services hold.

    Only Services with a ClusterIP count: they come from a cluster that took them, so its range is another one.
    """
    low, _, high = profile["node-port-range"].partition("-")
    if cluster is None:
        return int(low), int(high)
    held = _held_ports.get(cluster)
    if held is None:
        stored = (service for service in cluster.all(Service) if service.cluster_ips)
        held = tuple(port.node_port for service in stored for port in service.spec.ports if port.node_port)
        _held_ports[cluster] = held = (min(held), max(held)) if held else ()
    return min((int(low), *held)), max((int(high), *held))


_held_ports: WeakKeyDictionary[Cluster, tuple[int, ...]] = WeakKeyDictionary()
"""The lowest and the highest node port of a cluster's stored Services; nothing where none has one."""


def _smallest(version: int, numbers: list[int], base: int | None) -> Network:
    """The range that begins at `base` and holds the numbers: a /16 (IPv6: /108) where that is enough and aligned."""
    bits, usual = (32, 16) if version == 4 else (128, 108)
    low, high = min(numbers), max(numbers)
    if base is None or base > low:  # nothing says where it begins
        return ip_network((low, min(usual, bits - (low ^ high).bit_length())), strict=False)
    length = min(usual, bits - (low ^ high).bit_length(), bits - (base ^ high).bit_length())
    aligned = bits - ((base & -base).bit_length() - 1) if base else 0
    if bits - (base ^ high).bit_length() >= aligned > length:
        length = aligned
    return ip_network((base, length), strict=False)


class Taken(msgspec.Struct, frozen=True):
    """Numbers that Services hold. Where many are created one after the other, each adds its own."""

    addresses: set[str]
    """ClusterIPs."""
    ports: set[int]
    """Node ports and health check ports: of one pool, whatever the protocol (SV-15)."""

    def add(self, service: Service) -> None:
        """Take in what a Service holds."""
        self.addresses.update(service.cluster_ips)
        if service.spec.type in ("NodePort", "LoadBalancer"):
            self.ports.update(port.node_port for port in service.spec.ports if port.node_port)
        if service.spec.health_check_node_port:
            self.ports.add(service.spec.health_check_node_port)


def taken(services: Iterable[Service], but: Key | None = None) -> Taken:
    """The numbers that these Services hold, one of them left out."""
    numbers = Taken(set(), set())
    for service in services:
        if service.key != but:
            numbers.add(service)
    return numbers


# -- ClusterIPs ---------------------------------------------------------------------------------------------------


def allocate_families(spec: Spec, old: Spec | None, found: ServiceRange, subject: str) -> None:
    """Fill `ipFamilies` and `ipFamilyPolicy` (`stor` initIPFamilyFields; SV-4)."""
    if not needs_cluster_ip(spec):
        return
    ips = [ip for ip in spec.get("clusterIPs") or () if ip != "None"]
    policy = spec.get("ipFamilyPolicy") or (old or {}).get("ipFamilyPolicy")
    selectorless = is_headless(spec) and not spec.get("selector")
    if not policy:
        policy = "RequireDualStack" if selectorless else "SingleStack"
    if policy == "SingleStack" and old is not None:
        for field in ("clusterIPs", "ipFamilies"):
            if spec.get(field) == old.get(field) and len(spec.get(field) or ()) > 1:
                spec[field] = spec[field][:1]
        ips = [ip for ip in spec.get("clusterIPs") or () if ip != "None"]
    families = list(spec.get("ipFamilies") or ())
    for index, ip in enumerate(ips):
        address = parsed_address(ip)
        if address is not None and index >= len(families):
            families.append(f"IPv{address.version}")
    if policy == "SingleStack" and (len(ips) == 2 or len(families) == 2):
        what = "cluster IPs" if len(ips) == 2 else "IP families"
        words = f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"
        raise Rejected(subject, f'Invalid value: "{policy}": {words}', field="spec.ipFamilyPolicy")
    families = families or [found.families[0]]
    if not selectorless:
        if policy == "RequireDualStack" and len(found.families) < 2:
            words = "this cluster is not configured for dual-stack services"
            raise Rejected(subject, f'Invalid value: "{policy}": {words}', field="spec.ipFamilyPolicy")
        for index, family in enumerate(families):
            if family not in found.families:
                words = f'Invalid value: "{family}": not configured on this cluster'
                raise Rejected(subject, words, field=f"spec.ipFamilies[{index}]")
    dual = policy != "SingleStack" and (selectorless or len(found.families) == 2)
    if dual and len(families) == 1:
        families.append("IPv6" if families[0] == "IPv4" else "IPv4")
    spec["ipFamilies"], spec["ipFamilyPolicy"] = families, policy


def allocate_cluster_ips(
    spec: Spec, old: Spec | None, used: Collection[str], found: ServiceRange, own: Key, draws: Draws
) -> Draws:
    """Give each family its address; those asked for must be free and in range (SV-15). Raises Rejected.

    `used` are the addresses of all other Services.
    """
    if not needs_cluster_ip(spec) or is_headless(spec) or (old is not None and is_headless(old)):
        return draws
    kept = set((old or {}).get("clusterIPs") or ()) if old is not None and needs_cluster_ip(old) else set()
    ips = list(spec.get("clusterIPs") or ())
    if kept and ips and ips[0] not in kept:
        return draws  # validation refuses the change (SV-4)
    for index, family in enumerate(spec["ipFamilies"]):
        networks = [network for network in found.networks if f"IPv{network.version}" == family]
        if index < len(ips):
            if ips[index] not in kept:
                _claim(ips[index], ips, networks, used, own, found)
            continue
        ip, draws = _next_address(networks, used, own, draws)
        ips.append(ip)
    spec["clusterIP"], spec["clusterIPs"] = ips[0], ips
    return draws


def _claim(
    ip: str, ips: list[str], networks: list[Network], used: Collection[str], own: Key, found: ServiceRange
) -> None:
    address = parsed_address(ip)
    shown = "[" + ",".join(f'"{other}"' for other in ips) + "]"

    def refuse(words: str) -> Rejected:
        return Rejected(
            str(own), f"Invalid value: {shown}: failed to allocate IP {ip}: {words}", field="spec.clusterIPs"
        )

    if address is None:
        raise Rejected(str(own), f'Invalid value: "{ip}": must be a valid IP address', field="spec.clusterIPs[0]")
    if not any(address in network for network in networks):
        valid = ", ".join(map(str, networks))
        raise refuse(f"the provided IP ({ip}) is not in the valid range. The range of valid IPs is {valid}")
    first = not found.is_inferred and any(int(address) == int(n.network_address) + 1 for n in networks)
    if ip in used or (own != _KUBERNETES and first):
        raise refuse("provided IP is already allocated")


def _next_address(networks: list[Network], used: Collection[str], own: Key, draws: Draws) -> tuple[str, Draws]:
    """The upper band at random, the lower one when that is full; never network, broadcast or first address (SV-31)."""
    for network in networks:
        first = int(network.network_address) + 1
        if own == _KUBERNETES and network.num_addresses > 1 and str(network[1]) not in used:
            return str(network[1]), draws
        last = first + min(network.num_addresses, 1 << 16 if network.version == 6 else network.num_addresses) - 2
        if network.version == 4 and network.num_addresses > 2:
            last -= 1
        band = first + _static_band(network.num_addresses)

        def is_free(number: int, version: int = network.version) -> bool:
            return str(IPv4Address(number) if version == 4 else IPv6Address(number)) not in used

        number, draws = _pick(f"service-ip/{network}", max(band, first + 1), last, is_free, draws)
        if number is None:
            number = next((n for n in range(first + 1, min(band, last + 1)) if is_free(n)), None)
        if number is not None:
            return str(IPv4Address(number) if network.version == 4 else IPv6Address(number)), draws
    raise Rejected(str(own), "failed to allocate a serviceIP: range is full", code=500)


def _static_band(size: int) -> int:
    """Addresses that automatic allocation leaves alone while others are free: min(max(16, size/16), 256) (SV-31)."""
    return 0 if size <= 16 else min(max(16, size // 16), 256)


def _pick(stream: str, low: int, high: int, is_free: Callable[[int], bool], draws: Draws) -> tuple[int | None, Draws]:
    """A free number from `low` to `high`, from a random one on, wrapping."""
    if low > high:
        return None, draws
    start, draws = draws.integer(stream, high - low + 1)
    size = high - low + 1
    return next((n for step in range(size) if is_free(n := low + (start + step) % size)), None), draws


# -- node ports ---------------------------------------------------------------------------------------------------


def allocate_ports(
    spec: Spec, old: Spec | None, others: Collection[int], valid: tuple[int, int], own: Key, draws: Draws
) -> Draws:
    """Give ports their node port and the Service its health check port (SV-13 to SV-15). Raises Rejected.

    `others` are the node ports and health check ports of all other Services; the number alone counts, not the
    protocol.
    """
    first, last = valid
    before = set(node_ports_of(old)) - {0} if old is not None and has_node_ports(old) else set[int]()
    before |= {(old or {}).get("healthCheckNodePort") or 0} - {0}
    mine: set[int] = set()

    def claim(number: int, field: str) -> None:
        if number in before or number in mine:
            return
        if not first <= number <= last:
            words = f"provided port is not in the valid range. The range of valid ports is {first}-{last}"
            raise Rejected(str(own), f"Invalid value: {number}: {words}", field=field)
        if number in others:
            words = f"Invalid value: {number}: provided port is already allocated"
            raise Rejected(str(own), words, field=field)

    def allocate(draws: Draws) -> tuple[int, Draws]:
        size = last - first + 1
        band = first + (0 if size <= 16 else min(max(16, size // 32), 128))  # SV-30

        def is_free(number: int) -> bool:
            return number not in others and number not in mine and number not in before

        number, draws = _pick("node-port", band, last, is_free, draws)
        if number is None:
            number, draws = _pick("node-port/static", first, band - 1, is_free, draws)
        if number is None:
            raise Rejected(str(own), "failed to allocate a nodePort: range is full", code=500)
        return number, draws

    ports = spec.get("ports") or []
    if has_node_ports(spec):
        for index, port in enumerate(ports):
            if port.get("nodePort"):
                claim(port["nodePort"], f"spec.ports[{index}].nodePort")
                mine.add(port["nodePort"])
        for port in ports:
            if port.get("nodePort") or not allocates_node_ports(spec):
                continue
            # One number of a create serves the same port of both protocols (`stor` initNodePorts).
            twin = [p["nodePort"] for p in ports if p.get("nodePort") and p.get("port") == port.get("port")]
            if old is None and twin:
                port["nodePort"] = twin[0]
            else:
                port["nodePort"], draws = allocate(draws)
            mine.add(port["nodePort"])
    if needs_health_check_port(spec):
        if spec.get("healthCheckNodePort"):
            claim(spec["healthCheckNodePort"], "spec.healthCheckNodePort")
        else:
            spec["healthCheckNodePort"], draws = allocate(draws)
    return draws
