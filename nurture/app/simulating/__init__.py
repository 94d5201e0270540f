"""What will happen, and what would have: the production jobs on a copy, with a provider that takes everything."""
