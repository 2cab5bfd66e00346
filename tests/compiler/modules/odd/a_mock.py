#: pbt-compile odd/a_mock.py
#: exit 3
#: error PBT224 at odd/a_mock.py:14
#: error PBT224 at odd/a_mock.py:14
#: error PBT120 at odd/a_mock.py
#: error PBT120 at odd/a_mock.py
#: error PBT120 at odd/a_mock.py
#: error PBT105 at odd/a_mock.py:14
#: error PBT220 at odd/a_mock.py:14
"""It answers every question, and says nothing."""

from unittest.mock import MagicMock

RUN_DESCRIPTION = MagicMock()
