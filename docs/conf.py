"""How the documentation is built: `make docs`."""

import sys
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

from archcast.core.version import VERSION

sys.path.append(str(Path(__file__).parent / "_ext"))

project = "archcast"
release = version = VERSION
copyright = "the archcast authors"

extensions = [
    "results",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.mermaid",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "_ext", "gallery"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing_python"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Shapes", "notes_style")]

myst_fence_as_directive = ["mermaid"]
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "filename_pattern": "plot_",
    "show_memory": False,
    "download_all_examples": False,
    "min_reported_time": 60,
    "copyfile_regex": "",
}

html_theme = "furo"
html_title = f"archcast {VERSION}"
html_copy_source = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Take what the pages' languages need that Pygments does not know."""
    app.add_lexer("csv", TextLexer)
