#: pbt-compile hostile/broken_sibling.py
#: exit 1
#: error PBT101 at hostile/syntax_error.py:6
"""The mistake is in a sibling."""

import syntax_error
