import importlib.util
import pathlib

import pytest


@pytest.fixture(scope="session")
def killed():
    """What `killed.py` defines."""
    spec = importlib.util.spec_from_file_location("killed", pathlib.Path(__file__).with_name("killed.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def hashed(killed):
    """Texts to vectors by their digests: quick, and as good as any where not the search is tested."""
    return killed.Hashed()
