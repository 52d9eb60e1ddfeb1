from blockloom.testing import BlockConformance, BlockExample
from blockloom_checklist import ChecklistBlock

BACKUP = {"id": "backup", "text": "Take a backup"}


class TestChecklistBlock(BlockConformance):
    block = ChecklistBlock
    examples = (
        BlockExample(content={"items": [BACKUP]}, value=[{**BACKUP, "done": False}], addition="Tell the team"),
        BlockExample(content={"items": []}, value=[], addition={"id": "told", "text": "Tell them", "done": True}),
    )
    refused = (({"items": [BACKUP, BACKUP]}, "/items/1/id"), ({"items": [{"id": " ", "text": ""}]}, "/items/0/id"))
