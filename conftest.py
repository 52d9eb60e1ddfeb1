"""What every test may rely on, however the tests were started."""

import signal

# A shell that starts the tests in the background has signals ignored, and every process under test would inherit that.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)
