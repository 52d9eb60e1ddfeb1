"""What a graph says that it requires, held against what is installed."""

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from .shape import Draft


def check_requires(draft: Draft) -> None:
    """Warn of a distribution that is installed in another version; one that is missing shows in its types."""
    for name, wanted, here in unmet(draft.graph.get("requires")):
        if here is not None:
            draft.add("unmet-requirement", "requires", name, name=name, wanted=str(wanted.specifier), here=here)


def unmet(requires: Any) -> Iterator[tuple[str, Requirement, str | None]]:
    """What `requires` names and is not installed (None), or in another version.

    What is no requirement is left out, for people paste this into a shell.
    """
    for name, versions in requires.items() if isinstance(requires, Mapping) else ():
        try:
            wanted = Requirement(f"{name}{versions or ''}")
        except InvalidRequirement:
            continue
        if wanted.url is None and wanted.marker is None:
            here = _installed(wanted.name)
            if here is None or not wanted.specifier.contains(here, prereleases=True):
                yield name, wanted, here


def _installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
