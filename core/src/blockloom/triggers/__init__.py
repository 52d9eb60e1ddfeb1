"""The triggers that stand by themselves, in workflows' documents or set by runs: kept, watched, fired once each."""

from .actions import World
from .firing import Firing
from .making import coming
from .patience import persist
from .reach import Reach
from .service import Triggers
from .standing import Standing

__all__ = ["Firing", "Reach", "Standing", "Triggers", "World", "coming", "persist"]
