"""Pieces explained: what `explain` knows, put to the minds and the scores of this package."""
