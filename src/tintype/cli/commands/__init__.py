"""A module for each command, of its name; none is imported before it runs."""
