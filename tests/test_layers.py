"""The table of files in CONTRIBUTING.md has all of them, and no import goes up in it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sklearn_bce"
TABLE = (ROOT / "CONTRIBUTING.md").read_text().split("<!-- files -->")[1].split("<!-- end")[0]
ROWS = re.findall(r"^\| `([^`]+)` \|", TABLE, re.MULTILINE)
FILES = [str(path.relative_to(PACKAGE)) for path in sorted(PACKAGE.rglob("*.py"))]
BARE = "_kernels/__init__.py"  # nothing but a docstring


def row_of(file):
    """The place of a file in the table, or that of its folder."""
    folder = file.rpartition("/")[0] + "/"
    return ROWS.index(folder if folder in ROWS else file)


def imports_of(file):
    """The files of the package that a file imports, at once or when it gets there."""
    path = PACKAGE / file
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level > 0 or node.module.partition(".")[0] != "sklearn_bce", file
        if isinstance(node, ast.ImportFrom) and node.level > 0:
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for name in node.names:
                # Of a package: one of its modules, or what its own file defines.
                inside = base / name.name
                modules = [inside, inside / "__init__", base / "__init__", base]
                existing = [each for each in modules if each.with_suffix(".py").exists()]
                yield str(existing[0].with_suffix(".py").relative_to(PACKAGE))


def test_every_file_is_in_the_table_once():
    assert len(set(ROWS)) == len(ROWS)
    assert sorted({row_of(file) for file in FILES if file != BARE}) == list(range(len(ROWS)))


@pytest.mark.parametrize("file", [file for file in FILES if file != BARE])
def test_imports_go_downwards_only(file):
    own = ("__init__.py", BARE, file, str(Path(file).parent / "__init__.py"))
    others = {each for each in imports_of(file) if each not in own}
    assert not [each for each in others if row_of(each) < row_of(file)]
