"""What the pages say is so: their examples run."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

import fencepost

#: The classes are the package's own, wherever they are written.
MODULES = {"": 25, "._fleet": 3, "._log": 4}
ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "python" / "README.md", ROOT / "docs" / "python.md"]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL


@pytest.mark.parametrize(("name", "at_least"), MODULES.items())
def test_the_examples_in_the_docstrings_run(name: str, at_least: int) -> None:
    failed, tried = doctest.testmod(importlib.import_module("fencepost" + name), optionflags=FLAGS)
    assert failed == 0
    assert tried >= at_least


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_examples_on_the_pages_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page.read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    assert blocks
    if any("lance" in block for block in blocks):
        pytest.importorskip("lance")
    monkeypatch.chdir(tmp_path)
    # One after the other, as a reader would type them.
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks:
        exec(compile(block, str(page), "exec"), names)


def test_everything_public_has_a_page_of_its_own() -> None:
    for name in fencepost.__all__:
        thing = getattr(fencepost, name)
        assert isinstance(thing, str) or (thing.__doc__ or "").strip(), name
        for method, value in vars(thing).items() if isinstance(thing, type) else ():
            if callable(value) and not method.startswith("_"):
                assert (value.__doc__ or "").strip(), f"{name}.{method}"
