"""What every test may rely on, however the tests were started."""

import signal

# A shell that starts the tests in the background has SIGINT ignored, and every process under test would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
