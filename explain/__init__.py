"""Why a piece sounds as it does: maps of the picture, links from picture to score, and what to trust."""

from explain.explanation import NOT_PROOF, Bar, Check, Counterfactual, Element, Explanation, Link, Snippet
from explain.heat import Box, HeatMap, combined

__all__ = [
    "NOT_PROOF",
    "Bar",
    "Box",
    "Check",
    "Counterfactual",
    "Element",
    "Explanation",
    "HeatMap",
    "Link",
    "Snippet",
    "combined",
]
