#: pbt-compile hostile/is_something_else.py
#: exit 3
#: error PBT102 at hostile/is_something_else.py
"""Takes its own place in the table of modules."""

import sys

sys.modules[__name__] = 7
