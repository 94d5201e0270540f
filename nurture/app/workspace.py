"""A workspace's folder, read and checked: settings, journeys, and everything that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from nurture import nodes
from nurture.app import audience, config, declared, environment, whatsapp_options
from nurture.app.audience import Segment
from nurture.compiler import CompileContext, Plan, compile_journey
from nurture.compiler.by_hand import brought_in_vain, starts_in_vain
from nurture.compiler.context import TEMPLATE_SORTS
from nurture.compiler.yaml_reader import load as load_yaml
from nurture.model import PERSONAL, Channel, Field
from nurture.nodes import Scalar, sort_of
from nurture.options.desk import Desk, suggestion
from nurture.options.reader import Options, read_table
from nurture.options.tables import Table
from nurture.options.values import STEP_ID
from nurture.problems import Mark, NurtureError, Problem, Severity, nearest
from nurture.rendering.sources import TemplateSources
from nurture.settings import ChannelConfig, Settings
from nurture.vocabulary import CONTACT_FIELDS, EVENTS

T = TypeVar("T")
_LOCALE = re.compile(r"\.[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")


@dataclass(frozen=True, slots=True)
class JourneyFile:
    """A journey that compiles, with all that is needed to publish it."""

    name: str
    path: str  # below the workspace
    text: str
    plan: Plan
    context: CompileContext


@dataclass(frozen=True, slots=True)
class Workspace:
    """`settings` is None where nurture.yaml or a file beside it has an error; `as_read` is what could be read."""

    folder: Path
    settings: Settings | None
    as_read: Settings
    journeys: Mapping[str, JourneyFile]
    problems: tuple[Problem, ...]
    context: CompileContext = field(default_factory=CompileContext)

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    def near(self, name: str) -> str:
        """What somebody who wrote `name` may have meant by it, of the journeys that there are."""
        near = nearest(name, self.journeys)
        return f"did you mean '{near}'?" if near else f"there are {', '.join(self.journeys) or 'none'}"


def load(folder: Path, *, for_work: bool = True, with_journeys: bool = True) -> Workspace:
    """Read the workspace in `folder`. Where it isn't `for_work`, secrets may be missing.

    Without journeys it is quicker: what is published stands in the database.
    Raises NurtureError where there is no workspace at all.
    """
    if not (folder / "nurture.yaml").is_file():
        raise NurtureError(f"there is no nurture.yaml in {folder}; `nurture init DIR` makes a workspace")
    reading = _Reading(folder, for_work)
    settings = reading.settings()
    context = compile_context(folder, settings, reading.journey_names())
    reading.check_segments(context)
    reading.check_whatsapp(context)
    failed = any(problem.severity is Severity.ERROR for problem in reading.problems)
    journeys = reading.journeys(context) if with_journeys else {}
    return Workspace(
        folder, None if failed else settings, settings, journeys, tuple(reading.problems), context
    )


def compile_context(folder: Path, settings: Settings, journeys: tuple[str, ...]) -> CompileContext:
    """The words that journeys of this workspace may use."""
    return CompileContext(
        fields=settings.fields,
        events=settings.events,
        aliases=settings.event_aliases,
        topics=tuple(settings.topics),
        pools=tuple(settings.coupons),
        surveys=tuple(settings.surveys),
        journeys=journeys,
        stages=settings.stages,
        scores=tuple(settings.scores),
        segments=settings.segments,
        routes=settings.routes,
        hosts=settings.channels[Channel.WEBHOOK].hosts if Channel.WEBHOOK in settings.channels else (),
        places=tuple(settings.channels[Channel.NOTE].places) if Channel.NOTE in settings.channels else (),
        templates=template_names(TemplateSources.of_workspace(folder)),
    )


def template_names(sources: TemplateSources) -> dict[str, tuple[str, ...]]:
    """The templates that steps may name, by channel: without folder, language and ending."""
    found: dict[str, set[str]] = {sort: set() for sort in TEMPLATE_SORTS}
    for name in sources.names():
        top, _, rest = name.partition("/")
        stem = _LOCALE.sub("", rest.rpartition(".")[0])
        if top in PERSONAL and stem:
            found[top].add(stem)
        elif top == "tasks" and stem:
            found["task"].add(f"tasks/{stem}")
    return {sort: tuple(sorted(names)) for sort, names in found.items()}


@dataclass
class _Reading:
    folder: Path
    for_work: bool
    problems: list[Problem] = field(default_factory=list)
    segments: Mapping[str, Segment] = field(default_factory=dict)
    routes: Mapping[str, tuple[Options, ...]] = field(default_factory=dict)
    approved: nodes.Node | None = None  # whatsapp.yaml

    def settings(self) -> Settings:
        node = self._node("nurture.yaml") or nodes.Mapping((), Mark(self._shown("nurture.yaml"), 1, 1))
        own = self.folder / ".env"
        known = environment.above((self._text(own) if own.is_file() else None) or "")
        filled = environment.fill_in(node, known, self.problems, self.for_work)
        desk = Desk(problems=self.problems)
        options = read_table(filled, config.WORKSPACE, desk)
        if options is None:
            options = read_table(nodes.Mapping((), node.mark), config.WORKSPACE, Desk())
            assert options is not None
        options.values["channels"] = _at_home(options["channels"] or {}, self.folder)
        events, aliases = self._events()
        self._check_providers(options)
        self.segments = audience.segments(self._node("segments.yaml"), self.problems)
        self.approved = self._node("whatsapp.yaml")
        self.routes = audience.routes(self._node("routes.yaml"), self.problems)
        return config.make_settings(
            options,
            self.for_work,
            fields=self._fields(),
            events=events,
            event_aliases=aliases,
            coupons=self._named("coupons.yaml", config.COUPON, config.coupon_pool),
            whatsapp=self._tables(
                self.approved, whatsapp_options.APPROVED, whatsapp_options.approved_template
            ),
            surveys=self._named("surveys.yaml", config.SURVEY, config.survey_spec),
            stages=audience.stages(self._node("stages.yaml"), self.problems),
            scores=audience.scores(self._node("scores.yaml"), self.problems),
            segments={name: each.condition.text for name, each in self.segments.items()},
            routes=audience.plain_routes(self.routes),
        )

    def _check_providers(self, options: Options) -> None:
        """What a provider says to its options, unless secrets that are missing here would mislead it."""
        from nurture.channels import misfits

        if any(problem.code == "N601" for problem in self.problems):
            return
        for channel, found in options["channels"].items():
            channels = options.nodes["channels"]
            assert isinstance(channels, nodes.Mapping)
            mark = channels.key(channel.value).mark
            node = channels.get(channel.value)
            for each in misfits(self._as_here(found, mark)):
                option = getattr(each, "option", "")
                written = isinstance(node, nodes.Mapping) and option in node
                place = _key_mark(node, option) if node and written else mark
                self.problems.append(Problem("N604", str(each), place))

    def _as_here(self, config: ChannelConfig, mark: Mark) -> ChannelConfig:
        """The channel without keys that aren't here: they are secrets, which may be missing where nothing is sent."""
        files = [each for each in config.options.get("dkim_key_file", "").split(",") if each]
        missing = [each for each in files if not Path(each).is_file()]
        if self.for_work or not missing:
            return config
        message = f"channels.{config.channel}: {missing[0]} is not here, so mail can't be signed"
        hint = "nothing can be sent until it is"
        self.problems.append(Problem("N604", message, mark, hint, severity=Severity.WARNING))
        kept = {name: text for name, text in config.options.items() if not name.startswith("dkim_")}
        return replace(config, options=kept)

    def _fields(self) -> dict[str, Field]:
        node = self._node("fields.yaml")
        if node is None:
            return {}
        desk = Desk(problems=self.problems)
        found = declared.settle(node, declared.read_fields(node, desk, STEP_ID.pattern) or {}, desk)
        for name in CONTACT_FIELDS.keys() & found.keys():
            mark = _key_mark(node, name)
            desk.error("N605", f"'{name}' is a built-in field", mark, "choose another name")
        return found

    def _events(self) -> tuple[dict[str, tuple[Field, ...]], dict[str, str]]:
        """Own events, declared ones before those that were learnt from the data, and what else events are called."""
        desk = Desk(problems=self.problems)
        learnt = declared.events_of(self._read(declared.LEARNT, desk))
        options = self._read("events.yaml", desk)
        if options is None:
            return learnt, {}
        events = declared.events_of(options)
        for name in sorted(EVENTS.keys() & events.keys()):
            mark = _key_mark(options.nodes["events"], name)
            desk.error("N605", f"'{name}' is a built-in event", mark, "choose another name")
            del events[name]
        events = {**learnt, **events}
        aliases: dict[str, str] = options["aliases"] or {}
        for alias, name in aliases.items():
            if name not in EVENTS and name not in events:
                hint = suggestion(name, [*EVENTS, *events], "event")
                mark = _key_mark(options.nodes["aliases"], alias)
                desk.error("N402", f"unknown event '{name}', which '{alias}' should stand for", mark, hint)
        return events, aliases

    def _read(self, file: str, desk: Desk) -> Options | None:
        node = self._node(file)
        return read_table(node, declared.EVENTS, desk) if node is not None else None

    def _named(self, file: str, table: Table, make: Callable[[str, Options], T]) -> dict[str, T]:
        """A file of things by their names."""
        return self._tables(self._node(file), table, make)

    def _tables(
        self, node: nodes.Node | None, table: Table, make: Callable[[str, Options], T]
    ) -> dict[str, T]:
        desk = Desk(problems=self.problems)
        if node is None:
            return {}
        if not isinstance(node, nodes.Mapping):
            desk.error("N104", f"expected names, each with its settings, found {sort_of(node)}", node.mark)
            return {}
        tables = {key.text: read_table(value, table, desk) for key, value in node}
        return {name: make(name, options) for name, options in tables.items() if options is not None}

    def check_segments(self, context: CompileContext) -> None:
        """Names and types in the conditions of segments and routes, and circles of segments."""
        audience.check_segments(self.segments, context, self.problems)
        audience.check_routes(self.routes, context, self.problems)

    def check_whatsapp(self, context: CompileContext) -> None:
        """Approved templates that nobody wrote."""
        desk, known = Desk(problems=self.problems), context.templates["whatsapp"]
        for key, _ in self.approved if isinstance(self.approved, nodes.Mapping) else ():
            if key.text not in known:
                near = nearest(key.text, known)
                hint = f"did you mean '{near}'?" if near else f"write templates/whatsapp/{key.text}.txt"
                desk.error("N541", f"there is no WhatsApp template '{key.text}'", key.mark, hint)

    def journey_names(self) -> tuple[str, ...]:
        """The names that journeys give themselves, so that they can speak of one another."""
        found = (
            re.search(r"^journey:\s*([a-z][a-z0-9_-]*)", text, re.MULTILINE)
            for _, text in self._journey_texts()
        )
        return tuple(sorted({match[1] for match in found if match}))

    def _journey_texts(self) -> list[tuple[str, str]]:
        paths = sorted((self.folder / "journeys").glob("*.yaml"))
        return [(f"journeys/{path.name}", text) for path in paths if (text := self._text(path)) is not None]

    def journeys(self, context: CompileContext) -> dict[str, JourneyFile]:
        found: dict[str, JourneyFile] = {}
        for path, text in self._journey_texts():
            compiled = compile_journey(text, self._shown(path), context)
            self.problems += compiled.problems
            plan = compiled.plan
            if plan is None:
                continue
            if plan.journey in found:
                mark, message = (
                    plan.marks["journey"],
                    f"a journey '{plan.journey}' stands in {found[plan.journey].path} already",
                )
                self.problems.append(Problem("N606", message, mark, "give it another name"))
            else:
                found[plan.journey] = JourneyFile(plan.journey, path, text, plan, context)
        plans = {name: each.plan for name, each in found.items()}
        self.problems += [*starts_in_vain(plans), *brought_in_vain(plans)]
        return found

    def _node(self, file: str) -> nodes.Node | None:
        """A file's node; None where it doesn't exist, is empty or can't be read."""
        path = self.folder / file
        text = self._text(path) if path.exists() else None
        if text is None or not any(
            line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()
        ):
            return None
        node, problems = load_yaml(text, self._shown(file))
        self.problems += problems
        return None if isinstance(node, Scalar) and node.is_nothing else node

    def _text(self, path: Path) -> str | None:
        try:
            return path.read_text(encoding="utf-8-sig")
        except (UnicodeDecodeError, OSError) as error:
            problem = unreadable(path, self._shown(str(path.relative_to(self.folder))), error)
            if problem not in self.problems:
                self.problems.append(problem)
            return None

    def _shown(self, file: str) -> str:
        """The file as a person finds it from here."""
        return str(Path(file)) if self.folder == Path() else str(self.folder / file)


def journey_of(folder: Path, name: str) -> JourneyFile:
    """The journey called `name`. Raises NurtureError where there is none, or where it has errors: with them."""
    workspace = load(folder, for_work=False)
    found = workspace.journeys.get(name)
    if found is not None:
        return found
    if name in workspace.context.journeys:
        raise NurtureError(f"'{name}' has errors", workspace.errors)
    raise NurtureError(f"there is no journey '{name}'; {workspace.near(name)}")


def unreadable(path: Path, shown: str, error: UnicodeDecodeError | OSError) -> Problem:
    """What to say of a file that is there and can't be read."""
    if isinstance(error, OSError):
        why = (error.strerror or "no word why").lower()
        hint = (
            "put the file there, or give the folder another name" if path.is_dir() else "see who may read it"
        )
        return Problem("N016", f"this can't be read: {why}", Mark(shown, 1, 1), hint)
    line = path.read_bytes()[: error.start].count(b"\n") + 1
    hint = "save it again with the encoding UTF-8"
    return Problem("N015", "the file is not in UTF-8", Mark(shown, line, 1), hint)


UNPUBLISHED = "nothing was published"


def publishable(folder: Path, names: Collection[str] | None) -> list[JourneyFile]:
    """The journeys called `names` (None: all), ready to be published.

    Raises NurtureError with every problem where one of the workspace's files has an error, and for a
    name that no journey has: what is published has been checked whole.
    """
    return chosen(load(folder), names)


def chosen(workspace: Workspace, names: Collection[str] | None, then: str = UNPUBLISHED) -> list[JourneyFile]:
    """`publishable` of a workspace that has been read; `then` as in `refused`."""
    if workspace.errors:
        raise refused(workspace.errors, then)
    for name in names or ():
        if name not in workspace.journeys:
            raise NurtureError(f"there is no journey '{name}'; {workspace.near(name)}")
    return [file for name, file in workspace.journeys.items() if not names or name in names]


def refused(errors: Sequence[Problem], then: str = UNPUBLISHED) -> NurtureError:
    """What keeps the workspace from being published, and what that comes to or calls for."""
    count = len(errors)
    return NurtureError(f"{count} error{'s' if count != 1 else ''}; {then}", tuple(errors))


# Options that name files and folders, and what they are where nobody says.
_PLACES = {"outbox": {"folder": "outbox"}, "smtp": {"ca_file": "", "dkim_key_file": ""}}


def _at_home(channels: Mapping[Channel, ChannelConfig], folder: Path) -> dict[Channel, ChannelConfig]:
    """Relative files and folders are meant from the workspace, wherever the command is run."""
    return {
        channel: replace(config, options={**config.options, **_places(config, folder)})
        for channel, config in channels.items()
    }


def _places(config: ChannelConfig, folder: Path) -> dict[str, str]:
    found = {}
    for name, default in _PLACES.get(config.provider, {}).items():
        if text := config.options.get(name, default):
            each = text.split(",") if name == "dkim_key_file" else [text]
            found[name] = ",".join(str(folder / one.strip()) for one in each)
    return found


def _key_mark(node: nodes.Node, key: str) -> Mark:
    return node.key(key).mark if isinstance(node, nodes.Mapping) and key in node else node.mark
