"""Which address a new pod gets: one pool a node, with what its allocator remembers (PD-22..PD-26)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import msgspec

from kwake.cluster import Cluster
from kwake.control.desired_endpoints import parsed_address
from kwake.objects.basis import Basis, weakest
from kwake.objects.kinds import Node, Pod
from kwake.profiles.profile import Profile

Network = IPv4Network | IPv6Network


class Range(msgspec.Struct, frozen=True):
    """Addresses of one family that a node's allocator hands out, as numbers, and what it remembers."""

    version: int
    blocks: tuple[str, ...]
    """CIDRs, in the order in which they are used."""
    last: int | None = None
    """The address reserved last: host-local goes on behind it (PD-23)."""
    freed: tuple[int, ...] = ()
    """Released addresses, the one free the longest first (PD-26)."""
    cooling: tuple[tuple[int, int], ...] = ()
    """Released addresses that may not be used yet, with the moment, ms, from which they may."""
    basis: Basis = Basis.SOURCED
    note: str = ""
    """What was inferred or assumed about the blocks."""


class Pool(msgspec.Struct, frozen=True):
    """The allocator of one node: `host-local`, `calico`, `vpc-cni`, or another, which is taken to work like calico."""

    node: str
    ipam: str
    ranges: tuple[Range, ...]


class Addressing(msgspec.Struct, frozen=True):
    """All pools, by node."""

    pools: dict[str, Pool] = {}

    def with_pool(self, pool: Pool) -> Addressing:
        """The same with one pool put in."""
        return Addressing({**self.pools, pool.node: pool})


class Assignment(msgspec.Struct, frozen=True):
    """The answer to one request: an address of each family of the node's ranges, or why there is none."""

    ip: str | None
    addressing: Addressing
    basis: Basis
    rule: str
    reason: str = ""
    ips: tuple[str, ...] = ()


def addressing_of(cluster: Cluster, profile: Profile) -> Addressing:
    """The pools as the snapshot shows them (PD-22).

    A node whose podCIDR holds its pods allocates from it. One without, or whose pods live elsewhere (an IPAM with its
    own blocks), gets the ranges that cover its pods' addresses, inferred. What an allocator did before the snapshot is
    not known: the highest address in use counts as the last one reserved (assumed).
    """
    addressing = Addressing()
    for node in cluster.all(Node):
        addressing = addressing.with_pool(_pool_of(cluster, node.metadata.name, addressing, profile))
    return addressing


def assign(
    addressing: Addressing,
    cluster: Cluster,
    node: str,
    profile: Profile,
    now_ms: int,
    also_taken: Collection[str] = (),
) -> Assignment:
    """An address for a pod on this node, and the pools after it.

    No address that a live pod or a node holds, nor one of `also_taken` (given out, and not in the cluster yet).
    """
    if node not in addressing.pools:
        addressing = addressing.with_pool(_pool_of(cluster, node, addressing, profile))
    pool = addressing.pools[node]
    rule = "PD-23" if pool.ipam == "host-local" else "PD-26"
    ips: list[str] = []
    ranges: list[Range] = []
    for item in pool.ranges:
        grown = _warmed(item, now_ms)
        chosen = _next(pool.ipam, grown, cluster, also_taken)
        if chosen is None and item.basis is not Basis.SOURCED:
            grown = _extended(pool.ipam, grown, addressing, profile)
            chosen = _next(pool.ipam, grown, cluster, also_taken)
        if chosen is None:
            return Assignment(None, addressing, item.basis, "PD-24", _exhausted(item))
        ips.append(str(_address(item.version, chosen)))
        freed = tuple(number for number in grown.freed if number != chosen)
        ranges.append(msgspec.structs.replace(grown, last=chosen, freed=freed))
    after = addressing.with_pool(msgspec.structs.replace(pool, ranges=tuple(ranges)))
    basis = weakest([item.basis for item in ranges])
    # Which address was handed out last before the snapshot is assumed, so the number itself is at best that sure.
    return Assignment(
        ips[0], after, weakest([basis, Basis.ASSUMED]), rule, "; ".join(r.note for r in ranges if r.note), tuple(ips)
    )


def release(addressing: Addressing, node: str, ip: str, profile: Profile, now_ms: int) -> Addressing:
    """The pools when a sandbox has given its address back (PD-25): to the tail of the free list, or into cool-down."""
    pool = addressing.pools.get(node)
    address = parsed_address(ip)
    if pool is None or address is None or pool.ipam == "host-local":
        return addressing
    number = int(address)
    cooldown_ms = profile.clock("ip-cooldown").ms
    ranges: list[Range] = []
    for item in pool.ranges:
        known = item.version == address.version and any(number in _numbers(block) for block in item.blocks)
        if not known or number in item.freed:
            ranges.append(item)
        elif cooldown_ms:
            ranges.append(msgspec.structs.replace(item, cooling=(*item.cooling, (number, now_ms + cooldown_ms))))
        else:
            ranges.append(msgspec.structs.replace(item, freed=(*item.freed, number)))
    return addressing.with_pool(msgspec.structs.replace(pool, ranges=tuple(ranges)))


def _next(ipam: str, item: Range, cluster: Cluster, also_taken: Collection[str]) -> int | None:
    """The address that the allocator hands out, or None if there is none."""

    def is_free(number: int) -> bool:
        text = _text(item.version, number)
        return text not in cluster.pods_by_ip and text not in cluster.nodes_by_ip and text not in also_taken

    back = {number for number, _ in item.cooling} | set(item.freed)
    if ipam == "host-local":
        return next((number for number in _round_robin(item) if is_free(number)), None)
    for block in item.blocks:  # in the list's first round by number; what was released since stands behind them
        for number in _usable(ipam, block):
            if number not in back and is_free(number):
                return number
    return next((number for number in item.freed if is_free(number)), None)


def _round_robin(item: Range) -> Iterator[int]:
    """From the one after the last reserved, wrapping (PD-23)."""
    numbers = [_usable("host-local", block) for block in item.blocks]
    last = item.last
    passed = False
    for block in numbers:
        if not passed and last is not None and last in block:
            passed = True
            yield from range(last + 1, block.stop)
        elif passed or last is None:
            yield from block
    for block in numbers:
        yield from block


def _warmed(item: Range, now_ms: int) -> Range:
    """Addresses whose cool-down is over join the free list."""
    over = tuple(number for number, until in item.cooling if until <= now_ms)
    if not over:
        return item
    cooling = tuple(entry for entry in item.cooling if entry[1] > now_ms)
    return msgspec.structs.replace(item, freed=item.freed + over, cooling=cooling)


def _address(version: int, number: int) -> IPv4Address | IPv6Address:
    return IPv6Address(number) if version == 6 else IPv4Address(number)


@lru_cache(maxsize=1 << 16)
def _text(version: int, number: int) -> str:
    return str(_address(version, number))


@lru_cache(maxsize=1 << 12)
def _numbers(block: str) -> range:
    network = ip_network(block)
    first = int(network.network_address)
    return range(first, first + network.num_addresses)


@lru_cache(maxsize=1 << 12)
def _usable(ipam: str, block: str) -> range:
    """A block without what no pod gets: network, gateway and broadcast address; of an IPAM's own block the first
    address, which its node's tunnel takes (assumed)."""
    numbers = _numbers(block)
    size = numbers.stop - numbers.start  # len() is too small for IPv6
    if size <= 2:
        return numbers
    if ipam == "host-local" or size != 64:
        end = numbers.stop - 1 if ":" not in block else numbers.stop
        return range(numbers.start + 2, end)
    return range(numbers.start + 1, numbers.stop)


def _exhausted(item: Range) -> str:
    ends = [(_numbers(block).start + 1, _usable("host-local", block).stop - 1) for block in item.blocks]
    words = ",".join(f"{_address(item.version, first)}-{_address(item.version, last)}" for first, last in ends)
    return f"no IP addresses available in range set: {words}" if words else "the node has no podCIDR (CIDRNotAvailable)"


# -- ranges of a node ---------------------------------------------------------------------------------------------


def _pool_of(cluster: Cluster, name: str, addressing: Addressing, profile: Profile) -> Pool:
    ipam = profile["ipam"]
    node = cluster.node(name)
    used: dict[int, list[int]] = {}
    for pod in cluster.pods_by_node.get(name, ()):
        if not pod.spec.host_network:
            for ip in pod.ips:
                address = parsed_address(ip)
                if address is not None:
                    used.setdefault(address.version, []).append(int(address))
    stated = [ip_network(cidr, strict=False) for cidr in node.pod_cidrs] if node is not None else []
    ranges: list[Range] = []
    for version in sorted({network.version for network in stated} | set(used)):
        own = [network for network in stated if network.version == version]
        numbers = sorted(set(used.get(version, ())))
        inside = [n for n in numbers if any(n in _numbers(str(network)) for network in own)]
        if own and (inside or not numbers):
            last = max(inside, default=None)
            ranges.append(Range(version, tuple(map(str, own)), last))
        else:
            blocks = _covering(ipam, version, numbers)
            note = f"{name}: range {', '.join(blocks)} inferred from the addresses of its pods"
            ranges.append(Range(version, blocks, max(numbers), basis=Basis.INFERRED, note=note))
    if not ranges:
        if ipam == "vpc-cni" and node is not None and isinstance(parsed_address(node.ip), IPv4Address):
            # Its pods' addresses come from the subnet that the node's own is in; its size is not known.
            block: str | None = str(ip_network((node.ip, 24), strict=False))
            note = f"{name}: range {block} assumed, around the node's own address"
        else:
            whole = _cluster_range(cluster, profile)
            block = _free_block(int(profile["node-cidr-size"]), whole, addressing, cluster)
            note = f"{name}: range {block or 'none'} assumed, the next free one of {whole}"
        ranges.append(Range(4, (block,) if block else (), basis=Basis.ASSUMED, note=note))
    return Pool(name, ipam, tuple(ranges))


def _covering(ipam: str, version: int, numbers: list[int]) -> tuple[str, ...]:
    """Blocks of the usual size that hold these addresses: /26 for calico (/122 in IPv6), else /24 (/64)."""
    bits, length = {4: (32, 26 if ipam == "calico" else 24), 6: (128, 122 if ipam == "calico" else 64)}[version]
    size = 1 << bits - length
    return tuple(f"{_address(version, start)}/{length}" for start in sorted({n - n % size for n in numbers}))


def _cluster_range(cluster: Cluster, profile: Profile) -> IPv4Network:
    """What nodes' ranges are cut from: the profile's, unless pods live elsewhere; then a /16, or what holds them."""
    whole = ip_network(profile["cluster-cidr"].split(",")[0].strip())
    held = [
        address
        for pod in cluster.all(Pod)
        if not pod.spec.host_network and not pod.is_terminal
        for ip in pod.ips
        if isinstance(address := parsed_address(ip), IPv4Address)
    ]
    if isinstance(whole, IPv4Network) and all(address in whole for address in held):
        return whole
    if not held:
        return IPv4Network("10.244.0.0/16")
    low, high = int(min(held)), int(max(held))
    return IPv4Network((low, max(8, min(16, 32 - (low ^ high).bit_length()))), strict=False)


def _free_block(length: int, whole: IPv4Network, addressing: Addressing, cluster: Cluster) -> str | None:
    """The first block of the cluster's pod range that overlaps no range known."""
    known = [ip_network(b) for pool in addressing.pools.values() for r in pool.ranges for b in r.blocks]
    known += [ip_network(cidr, strict=False) for node in cluster.all(Node) for cidr in node.pod_cidrs]
    held = [address for ip in cluster.pods_by_ip if (address := parsed_address(ip)) is not None]
    candidates = whole.subnets(new_prefix=length) if whole.prefixlen <= length else iter((whole,))
    for block in candidates:
        if any(isinstance(other, IPv4Network) and block.overlaps(other) for other in known):
            continue
        if not any(address in block for address in held):
            return str(block)
    return None


def _extended(ipam: str, item: Range, addressing: Addressing, profile: Profile) -> Range:
    """An inferred range that is full goes on with the next block that no node has: where, is assumed."""
    if item.version != 4 or not item.blocks:
        return item
    known = [ip_network(b) for pool in addressing.pools.values() for r in pool.ranges for b in r.blocks]
    block = ip_network(item.blocks[-1])
    while True:
        start = int(block.network_address) + block.num_addresses
        block = ip_network((start, block.prefixlen))
        if not any(isinstance(other, IPv4Network) and block.overlaps(other) for other in known):
            break
    return msgspec.structs.replace(item, blocks=(*item.blocks, str(block)), basis=Basis.ASSUMED)
