from blockloom.testing import BlockConformance, BlockExample
from blockloom_code import Code


class TestCode(BlockConformance):
    block = Code
    examples = (
        BlockExample(content={"source": "n * 2"}, names={"n": 21}, value=42, addition="n"),
        BlockExample(
            content={"source": "import math\nreturn [math.floor(x) for x in xs]"}, names={"xs": [1.5]}, value=[1]
        ),
    )
    refused = (({"source": "def"}, "/source"), ({"source": "import os"}, "/source"))
