"""Virtual months from a seed: the production jobs in one process, with clock, providers, workers and database in the
hands of one random number generator. `python -m tests.seeds` lives through many of them and says which failed.
"""
