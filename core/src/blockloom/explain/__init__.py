"""Why a task of a run waits, ran, was canceled, failed or ran again: told by the run's events and its plan alone."""

from .chain import Explanation, explain
from .phrases import Cause

__all__ = ["Cause", "Explanation", "explain"]
