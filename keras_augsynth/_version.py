"""The version: on the ground floor, so that everybody can know it."""

__version__ = "0.1.0"
