"""What keys may hold: types of values, tables of options, and reading them with all problems at once."""
