"""The checks that hold for every kind of type: it describes itself, and its settings behave."""

import json
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from difflib import get_close_matches
from typing import Any, ClassVar, Final
from unittest import SkipTest

from pydantic import BaseModel, ValidationError

from ..errors import PluginError
from ..examination import refuse_unusable
from ..kind import Kind
from ..problem import Problem, pointer
from ..registry import Offer, Registry
from ..schema import flaw_of_schema, possible_types, schema_of
from ..validation import flaws as flaws_of_settings
from ..values import copy_value, type_names
from ..words import LANGUAGES, Text, tell
from .conformance import Conformance, require
from .kit import registry_with
from .offering import require_offered
from .watching import imported_by

__tracebackhide__ = True  # a check that fails says all there is to say: pytest shows the author's own lines alone

Settings = Mapping[str, Any]

OLDER: Final = "Give some, as they were written then: older = {%d: {…}}."

_ODD: Final[Sequence[Any]] = ({"odd": []}, ["odd"], "odd", True, 1.5)
"""Values of every JSON type, to find one that a setting cannot be."""


class KindConformance(Conformance):
    """Base of the conformance classes of block, task and trigger types.

    `older` holds, for each version of the type before this one, settings as they were written then; `refused` holds
    settings of the right shape that the type's own `check` refuses, each with the path of the problem; `imports`
    names packages that the plugin needs already when it is listed.
    """

    kind: ClassVar[str]
    older: ClassVar[Mapping[int, Settings]] = {}
    refused: ClassVar[Sequence[tuple[Settings, str]]] = ()
    imports: ClassVar[Collection[str]] = ()

    @property
    @abstractmethod
    def subject(self) -> type[Kind]:
        """The type that is held to the checks."""

    @property
    @abstractmethod
    def model(self) -> type[BaseModel]:
        """The model of its settings or content."""

    @abstractmethod
    def settings(self) -> Sequence[Settings]:
        """The settings of the examples."""

    @abstractmethod
    def problems(self, settings: Settings) -> list[Problem]:
        """What is wrong with settings; paths are relative to them."""

    def wrong(self) -> Iterator[tuple[str, list[str]]]:
        """What is wrong with each example, as a name for it and what is told."""
        for settings in self.settings():
            yield f"The example {settings!r}", _told(self.problems(settings))

    def need_type(self) -> None:
        """Skip a check that can tell nothing while the type cannot be used: another one tells of that."""
        if self._unusable():
            raise SkipTest("the type cannot be used yet: see test_it_can_be_used")

    def need_examples(self) -> None:
        """Skip a check that can tell nothing while an example is wrong: another one tells of that."""
        self.need_type()
        if any(self._flaws()):
            raise SkipTest("an example is wrong: see test_the_examples_are_fine")

    @property
    def registry(self) -> Registry:
        """The installed types, and this one."""
        return registry_with(self.subject)

    def test_its_plugin_is_installed_and_offers_it(self) -> None:
        """An installed plugin offers the type under its name, so that `blockloom types` lists it."""
        require_offered(self.kind, self.subject)

    def test_it_can_be_used(self) -> None:
        """It has a name and all that a type of its kind must have, and nothing that only looks like it."""
        require(not self._unusable(), f"The type cannot be used: {self._unusable()}.", "Mend that first.")
        known = _models(_base(self.subject))
        for name in _models(self.subject) - known:
            meant = _meant(name, known)
            require(not meant, f"A {self.kind} type has no {name!r}: nothing looks at it.", f"Call it {meant!r}.")

    def test_it_describes_itself(self) -> None:
        """It has a title, a description, an icon and a category: what a palette shows."""
        told = self._descriptor()
        missing = [key for key in ("title", "description", "icon", "category") if not told.get(key)]
        missing += ["title"] if not self.subject.title else []
        require(not missing, f"The type does not say its {', '.join(missing)}.", "Set them in the class.")

    def test_its_texts_are_complete(self) -> None:
        """A text in several languages is in all that blockloom speaks."""
        for what in ("title", "description", "category"):
            _require_languages(getattr(self.subject, what), f"the {what}")

    def test_its_version_counts(self) -> None:
        """Its version is a whole number from 1 up."""
        version = self.subject.version
        require(type(version) is int and version >= 1, f"The version is {version!r}.", "Count from 1 up.")

    def test_it_is_told_as_data(self) -> None:
        """What it says of itself is JSON, and the same each time."""
        first, second = self._descriptor(), self._descriptor()
        require(first == second, "The type tells of itself something else each time.", "Let it depend on nothing.")
        require(copy_value(first) == first, "The type tells of itself what is not JSON.", "Use plain values.")

    def test_its_schema_is_valid(self) -> None:
        """The JSON Schema of its settings keeps to the rules of schemas."""
        self.need_type()
        flaw = tell(flaw_of_schema(schema_of(self.model)) or "")
        require(not flaw, f"The schema of the settings is wrong: {flaw}.", "Correct the annotations.")

    def test_it_is_made_without_arguments(self) -> None:
        """It is made without arguments, holds nothing at first, and is an instance of its own class."""
        self.need_type()
        require(isinstance(self.subject(), self.subject), "The class makes something else.", "Leave out __new__.")

    def test_two_examples_are_given(self) -> None:
        """The test class gives at least two examples, and they are not the same."""
        given = [json.dumps(settings, sort_keys=True, default=repr) for settings in self.settings()]
        require(len(given) >= 2, "The test class gives fewer than two examples.", "Give two in `examples`.")

    def test_the_examples_are_fine(self) -> None:
        """Nothing is wrong with the test's examples, nor with the settings that the type shows to people."""
        self.need_type()
        for what, flaws in self._flaws():
            require(False, f"{what} is refused: {'; '.join(flaws)}", "Correct it, or the shape of the settings.")

    def test_its_defaults_are_fine(self) -> None:
        """The defaults of settings are values that the settings can have."""
        self.need_examples()
        strict: Any = type(self.model.__name__, (self.model,), {"model_config": {"validate_default": True}})
        try:
            strict.model_validate(deepcopy(dict(self.settings()[0])))
        except ValidationError as error:
            flaws = [tell(flaw.named) for flaw in flaws_of_settings(error, {})]
            require(False, f"A default does not fit: {'; '.join(flaws)}", "Correct it, or the annotation.")

    def test_settings_survive_a_round_trip(self) -> None:
        """Settings that are read and written again are the same settings."""
        self.need_examples()
        for settings in self.settings():
            once = self.model.model_validate(deepcopy(dict(settings))).model_dump(mode="json", by_alias=True)
            again = self.model.model_validate(deepcopy(once)).model_dump(mode="json", by_alias=True)
            require(once == again, f"{once!r} becomes {again!r} once written and read.", "Let validators be stable.")
            lost = sorted(set(settings) - set(once))
            require(not lost, f"The settings {lost} are lost on a round trip.", "Declare them in the model.")

    def test_unknown_settings_are_kept_or_refused(self) -> None:
        """A setting that the type does not know is refused with its path, or kept; it never gets lost."""
        self.need_examples()
        odd = {**self.settings()[0], "no_such_setting": 1}
        if not any(p.path.startswith("/no_such_setting") for p in self.problems(odd)):
            dumped = self.model.model_validate(odd).model_dump(mode="json", by_alias=True)
            require("no_such_setting" in dumped, "An unknown setting gets lost.", 'Use extra="forbid" or "allow".')

    def test_wrong_settings_are_refused_with_a_path(self) -> None:
        """A value that a setting cannot have is refused, and the problem's path leads to it."""
        self.need_examples()
        for name, value in self._impossible():
            paths = [problem.path for problem in self.problems({**self.settings()[0], name: value})]
            there = any(path == pointer(name) or path.startswith(pointer(name) + "/") for path in paths)
            require(
                there, f"The value {value!r} of {name!r} is not refused there, but at {paths}.", "Type the setting."
            )

    def test_missing_settings_are_refused_with_a_path(self) -> None:
        """A required setting that is missing is told of, with its path."""
        self.need_examples()
        for name in [field.alias or name for name, field in self.model.model_fields.items() if field.is_required()]:
            left = {key: value for key, value in self.settings()[0].items() if key != name}
            paths = [problem.path for problem in self.problems(left)]
            require(pointer(name) in paths, f"Without {name!r} the problems are at {paths}.", "Require the setting.")

    def test_what_it_refuses_is_told_well(self) -> None:
        """Its own `check` refuses what the test says it does, at the path, in every language, each time the same."""
        self.need_examples()
        has_own = self.subject.check is not _base(self.subject).check  # type: ignore[attr-defined]
        require(self.refused or not has_own, "The type has a `check`, and the test refuses nothing.", "Give `refused`.")
        for settings, path in self.refused:
            found = self.problems(settings)
            require(path in [p.path for p in found], f"{settings!r} is not refused at {path!r}: {found}", "Check it.")
            require(found == self.problems(settings), "`check` says something else each time.", "Keep no state.")
            for problem in found:
                _require_languages(problem.text, f"the problem at {problem.path}")

    def test_old_settings_migrate(self) -> None:
        """Settings of every older version are brought along by `migrate`, and fit."""
        self.need_examples()
        for version in range(1, self.subject.version):
            require(version in self.older, f"No settings of version {version} are given.", OLDER % version)
            made = self.subject().migrate(deepcopy(dict(self.older[version])), version)
            found = [f"{p.path or '/'}: {p.message}" for p in self.problems(made)]
            require(not found, f"Migrated from version {version}, {made!r} is refused: {found}", "Correct `migrate`.")

    def test_listing_it_imports_nothing_heavy(self) -> None:
        """Importing its module imports no package that only running it needs."""
        module = self.subject.__module__.partition(".")[0]
        extra = sorted(imported_by(module) - set(self.imports))
        require(
            not extra,
            f"Importing {module} imports {', '.join(extra)} too, which makes every listing of types slower.",
            "Import it where it is used, inside a function; or name it in `imports` where it is light.",
        )

    def _unusable(self) -> str:
        """Why the type cannot be used at all; empty where it can."""
        try:
            refuse_unusable(self.kind, self.subject)
        except PluginError as error:
            return error.why
        return ""

    def _flaws(self) -> Iterator[tuple[str, list[str]]]:
        """The examples that are wrong, those that the type shows included."""
        yield from ((what, flaws) for what, flaws in self.wrong() if flaws)
        for settings in self.subject.examples:
            if flaws := _told(self.problems(dict(settings))):
                yield f"The example {dict(settings)!r}, which the type shows,", flaws

    def _descriptor(self) -> dict[str, Any]:
        self.need_type()
        return Offer(self.kind, self.subject.name, self.subject, "test", "").to_json()

    def _impossible(self) -> Iterator[tuple[str, Any]]:
        """For each setting, a value of a JSON type that it cannot have, if there is one."""
        schema = schema_of(self.model)
        for name in [field.alias or name for name, field in self.model.model_fields.items()]:
            described = schema.get("properties", {}).get(name)
            if described is not None:
                possible = possible_types({**described, "$defs": schema.get("$defs", {})})
                possible |= {"number"} if "integer" in possible else set()
                odd = [value for value in _ODD if type_names[type(value)] not in possible]
                yield from ((name, value) for value in odd[:1])


def _told(problems: Sequence[Problem]) -> list[str]:
    return [f"{p.path or '/'}: {p.message.rstrip('.')}" for p in problems if p.severity == "error"]


def _models(kind: type[Kind]) -> set[str]:
    """The names of the models that a type has."""
    return {
        name for name in dir(kind) if isinstance(model := getattr(kind, name), type) and issubclass(model, BaseModel)
    }


def _meant(name: str, known: Collection[str]) -> str:
    """The known name that another was meant to be; empty where it is a name of the author's own."""
    if name in ("Config", "Content"):
        return next(iter({"Config", "Content"} & set(known)), "")
    return next(iter(get_close_matches(name, known, cutoff=0.8)), "")


def _base(kind: type[Kind]) -> type[Kind]:
    """The class of the core that a type is made of."""
    return next(base for base in kind.__mro__ if base.__module__.partition(".")[0] == "blockloom")


def _require_languages(text: Text, what: str) -> None:
    if not isinstance(text, str):
        missing = [language for language in LANGUAGES if not str(text.get(language, "")).strip()]
        require(not missing, f"In {what} these languages are missing: {', '.join(missing)}.", "Add them.")
