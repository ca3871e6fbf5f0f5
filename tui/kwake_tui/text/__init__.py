"""The console's plain-text and JSON twins: values in, lines out. Nothing here prints."""
