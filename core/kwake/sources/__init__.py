"""Documents to objects: YAML and JSON files, folders, standard input; and back to YAML."""

from kwake.objects.printable import printable
from kwake.sources.location import locate
from kwake.sources.snapshot import Entry, Snapshot, read
from kwake.sources.write import write
from kwake.sources.yaml_writer import to_yaml

__all__ = ["Entry", "Snapshot", "locate", "printable", "read", "to_yaml", "write"]
