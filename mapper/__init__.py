"""The distilled mapper: from what a picture looks like to what its music is, without a language model."""

from mapper.example import Example

__all__ = ["Example"]
