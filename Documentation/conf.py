# SPDX-License-Identifier: GPL-2.0
"""Sphinx configuration: make docs writes build/docs/html/index.html."""
project = "Ringlet"
author = "The Ringlet authors"
copyright = "The Ringlet authors"
release = "0.1"
extensions = []
exclude_patterns = []
html_theme = "alabaster"
nitpicky = True
