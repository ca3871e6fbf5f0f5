"""The commands, one function each: it takes the parsed words and returns the exit code."""
