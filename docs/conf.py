"""The documentation site: `make docs` writes it to `out/docs`."""

import ddff_perception

project = "ddff_perception"
author = "ddff_perception maintainers"
release = version = ddff_perception.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx.ext.viewcode"]
exclude_patterns = ["benchmarks/*", "images/*"]
myst_heading_anchors = 4
# The generated page of the nodes has no second level.
suppress_warnings = ["myst.header"]
nitpicky = False

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": False}

html_theme = "furo"
html_title = f"ddff_perception {version}"
html_static_path: list[str] = []
