from blockloom.testing import BlockConformance, BlockExample
from blockloom_text import TextBlock


class TestTextBlock(BlockConformance):
    block = TextBlock
    examples = (
        BlockExample(content={"text": "Hello {{ who }}"}, names={"who": "Ada"}, value="Hello Ada", addition="!"),
        BlockExample(content={"text": "{{ a.b.0 }}{{ a }}"}, names={"a": {"b": [1]}}, value='1{"b":[1]}'),
    )
