"""The one exception that ends a run."""


class Failure(Exception):
    """Something a person can act on. Its text is printed without a traceback."""
