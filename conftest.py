"""What every test may rely on, however the tests were started."""

import os
import signal
import tempfile
from itertools import count

import pytest

# A shell that starts the tests in the background has signals ignored, and every process under test would inherit that.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)

_HOMES = tempfile.TemporaryDirectory(prefix="blockloom-tests-", ignore_cleanup_errors=True)
_NUMBERS = count()


def _move() -> None:
    os.environ["BLOCKLOOM_HOME"] = os.path.join(_HOMES.name, str(next(_NUMBERS)))


_move()


@pytest.fixture(autouse=True)
def _a_data_folder_of_its_own() -> None:
    """No test finds what another one has kept, nor what the user has."""
    _move()
