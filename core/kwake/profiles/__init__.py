"""How a cluster's CNI, kube-proxy, DNS, IPAM and load balancer behave: data with a citation a field, and its loader."""

from kwake.profiles.load import axis_names, bundle_names, load_profile
from kwake.profiles.profile import Profile

__all__ = ["Profile", "axis_names", "bundle_names", "load_profile"]
