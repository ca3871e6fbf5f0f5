"""The replay format: a script of actions and expectations, its reader, its runner and its report."""
