"""How this cluster's CNI, kube-proxy, DNS and IPAM behave: values with a basis and a citation each."""

from __future__ import annotations

import msgspec

from kwake.objects.basis import Basis
from kwake.objects.event import Clock

CHOSEN = "chosen by the user"
"""The source of what was set by hand."""

TOLD = "the cluster says so: "
"""How the source of what objects of the cluster say begins; the object follows."""


class Setting(msgspec.Struct, frozen=True):
    """One field of a profile: its value as text, how sure it is, and who says so."""

    value: str
    basis: Basis
    source: str


class Profile(msgspec.Struct, frozen=True):
    """A bundle with its overrides. Read fields by `setting`, delays by `clock`."""

    name: str
    """As the user chose it: `calico`, `calico+nftables`."""
    settings: dict[str, Setting]
    """By field; `defaults.yaml` lists every field with its meaning and the values that it may have."""
    clocks: dict[str, Clock]

    def __getitem__(self, field: str) -> str:
        """The value of a setting."""
        return self.settings[field].value

    @property
    def chosen(self) -> dict[str, str]:
        """What the user or the cluster set, as `load_profile` takes it: fields, and clocks as `clock.NAME`."""
        fields = {
            field: setting.value
            for field, setting in self.settings.items()
            if setting.source == CHOSEN or setting.source.startswith(TOLD)
        }
        clocks = {f"clock.{name}": f"{clock.ms}ms" for name, clock in self.clocks.items() if clock.source == CHOSEN}
        return fields | clocks

    def setting(self, field: str) -> Setting:
        """A setting with its basis and source."""
        return self.settings[field]

    def sureness(self, field: str) -> Basis:
        """How sure an answer is that rests on a setting: what the user chose is a premise and takes nothing away."""
        setting = self.settings[field]
        return Basis.SOURCED if setting.source == CHOSEN else setting.basis

    def clock(self, name: str) -> Clock:
        """A named delay: `endpointslice-sync`, `proxy-sync`, `policy-sync`, `dns-sync`, `schedule`, `sandbox`,
        `container-start`, `sigterm-exit`, `load-balancer` …"""
        return self.clocks[name]
