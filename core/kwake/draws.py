"""Named random draws: the same seed gives the same numbers, and a new step does not reshuffle the others."""

from __future__ import annotations

import hashlib

import msgspec

POD_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""What Kubernetes makes name suffixes of (`k8s:apimachinery/pkg/util/rand`): no vowels, no look-alikes."""


_RECENT = 128
"""Streams that are copied at every draw; the others are only when so many have come together."""


class Draws(msgspec.Struct, frozen=True):
    """A seed and how often each named stream has been drawn from."""

    seed: int = 0
    earlier: dict[str, int] = {}
    """The counts of all streams, as they were a while ago: thousands in a large cluster, so they are shared."""
    recent: dict[str, int] = {}
    """The counts that have changed since."""

    def count(self, name: str) -> int:
        """How often the stream of this name has been drawn from."""
        return self.recent.get(name) or self.earlier.get(name, 0)

    def integer(self, name: str, below: int) -> tuple[int, Draws]:
        """A number from 0 to `below` - 1 from the stream of this name, and the draws after it."""
        count = self.count(name)
        digest = hashlib.sha256(f"{self.seed}\0{name}\0{count}".encode()).digest()
        recent = {**self.recent, name: count + 1}
        if len(recent) < _RECENT:
            after = Draws(self.seed, self.earlier, recent)
        else:
            after = Draws(self.seed, {**self.earlier, **recent})
        return int.from_bytes(digest[:16]) % below, after

    def word(self, name: str, length: int) -> tuple[str, Draws]:
        """A name suffix such as Kubernetes would make."""
        number, draws = self.integer(name, len(POD_SUFFIX_ALPHABET) ** length)
        letters = []
        for _ in range(length):
            number, digit = divmod(number, len(POD_SUFFIX_ALPHABET))
            letters.append(POD_SUFFIX_ALPHABET[digit])
        return "".join(letters), draws

    def uid(self, name: str) -> tuple[str, Draws]:
        """A UID in the form of a version 4 UUID."""
        number, draws = self.integer(f"uid/{name}", 1 << 128)
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}", draws
