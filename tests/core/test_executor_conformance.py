from blockloom import InProcessExecutor
from blockloom.testing import ExecutorConformance


class TestInProcessExecutor(ExecutorConformance):
    executor = InProcessExecutor
