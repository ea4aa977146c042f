# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
# distutils: language = c++
"""The compiled backend: what the included files define, in one module."""

include "core_types.pxi"
include "scoring.pxi"
include "constants.pxi"
include "json_lines.pxi"
