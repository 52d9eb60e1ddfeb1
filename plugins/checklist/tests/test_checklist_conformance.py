from blockloom.testing import BlockConformance, BlockExample, TaskConformance, TaskExample
from blockloom_checklist import ChecklistBlock, ChecklistTask

BACKUP = {"id": "backup", "text": "Take a backup"}
TELL = {"id": "tell", "text": "Tell the team", "done": False}
STEPS = {"id": "steps", "type": "checklist", "content": {"items": [BACKUP, TELL]}}


class TestChecklistBlock(BlockConformance):
    block = ChecklistBlock
    examples = (
        BlockExample(content={"items": [BACKUP]}, value=[{**BACKUP, "done": False}], addition="Tell the team"),
        BlockExample(content={"items": []}, value=[], addition={"id": "told", "text": "Tell them", "done": True}),
    )
    refused = (({"items": [BACKUP, BACKUP]}, "/items/1/id"), ({"items": [{"id": " ", "text": ""}]}, "/items/0/id"))


class TestChecklistTask(TaskConformance):
    task = ChecklistTask
    examples = (
        TaskExample(
            blocks=[STEPS],
            answers=[{"backup": True}, {"tell": True}],
            outputs={"items": [{**BACKUP, "done": True}, {**TELL, "done": True}], "done": True},
        ),
        TaskExample(
            config={"quorum": 1},
            blocks=[STEPS],
            answers=[{"backup": True}],
            outputs={"items": [{**BACKUP, "done": True}, TELL], "done": False},
        ),
    )
