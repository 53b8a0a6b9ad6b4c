"""Sphinx configuration. Build with one command, see CONTRIBUTING.md. Needs no network."""

import re
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for gallery_order.py

project = "sklearn_bce"
author = "The sklearn_bce developers"
copyright = author
release = version = installed_version("sklearn-bce")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx-mathjax-offline",  # formulas without a network
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "myst_parser",  # for the Markdown that the README shares with these pages
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates"]
source_suffix = {".rst": "restructuredtext"}

html_theme = "pydata_sphinx_theme"
html_title = f"sklearn_bce {release}"
html_show_sourcelink = False
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False}

# :sklearn:`linear_model.LogisticRegression` links to that page of scikit-learn's site
extlinks = {"sklearn": ("https://scikit-learn.org/stable/modules/generated/sklearn.%s.html", "%s")}

# One page for each public name. A class's page documents its methods too; numpydoc's own tables of
# members would ask for a page for each method.
autosummary_generate = True
numpydoc_show_class_members = False
autodoc_typehints = "none"

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "doc_module": ("sklearn_bce",),
    "within_subsection_order": "gallery_order.QuickstartFirst",
    "backreferences_dir": "generated/backreferences",
    "download_all_examples": False,
    "show_memory": False,
}


def unlink_inherited_docstring(app, what, name, obj, options, lines):
    """Drop the links, keep the text, where scikit-learn refers to labels of its own site."""
    if getattr(obj, "__module__", "").partition(".")[0] == "sklearn":
        text = "\n".join(lines)
        text = re.sub(r":(?:ref|term):`([^`<]+?)(?:\s*<[^`>]*>)?`", r"\1", text)
        lines[:] = text.split("\n")


def setup(app):
    app.connect("autodoc-process-docstring", unlink_inherited_docstring, priority=100)
