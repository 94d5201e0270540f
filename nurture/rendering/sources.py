"""Where the text of a template comes from: the workspace's folder over the shipped one."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Protocol

# Part of every template hash: raise it when the same template would give other bytes.
RENDERER_VERSION = "1"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_SUFFIXES = {".html": ".html", ".mjml": ".html", ".txt": ".txt"}  # of files, and by which name they go
_LOCALE = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{2,8})*")


class Sources(Protocol):
    """Finds the text of a template by its name below `templates/`; None where there is none."""

    def text(self, name: str) -> str | None: ...


class TemplateSources:
    """Folders of templates: the first that has a name wins.

    A name that leaves its folder (`..`, an absolute path, a symbolic link to elsewhere) is not found.
    """

    def __init__(self, *roots: Path) -> None:
        self._roots = tuple(root.resolve() for root in roots)

    @classmethod
    def of_workspace(cls, folder: Path) -> TemplateSources:
        """The workspace's `templates/` over those that ship with the product."""
        return cls(folder / "templates", shipped())

    def text(self, name: str) -> str | None:
        """The text; of a mail written in MJML its HTML. Raises RenderError for what can't be read."""
        path = self.path(name)
        if path is None:
            return None
        text = _read(path, _mjml(name) if path.suffix == ".mjml" else name)
        if path.suffix != ".mjml":
            return text
        from nurture.rendering.mjml import to_html  # who only wants names should not load Jinja

        return to_html(text, _mjml(name))

    def path(self, name: str) -> Path | None:
        """The file that `name` stands for: `hello.mjml` is looked for where there is no `hello.html`."""
        if not _NAME.fullmatch(name):
            return None
        files = (name, _mjml(name)) if name.endswith(".html") else (name,)
        for root in self._roots:
            for found in (root / file for file in files if (root / file).is_file()):
                path = found.resolve()
                if path.is_relative_to(root):
                    return path
        return None

    def names(self) -> Iterator[str]:
        """Every template, once, sorted."""
        found = {name: linked for root in self._roots for name, linked in _names_below(root)}
        yield from sorted(name for name, linked in found.items() if not linked or self.path(name))


def _names_below(root: Path) -> Iterator[tuple[str, bool]]:
    """The names of a folder's templates, and whether each is a link, which may lead elsewhere. Links to folders aren't followed."""
    for folder, _, inside in os.walk(root):
        place = Path(folder).relative_to(root)
        for file in inside:
            stem, suffix = os.path.splitext(file)
            name = f"{place.as_posix()}/{stem}{_SUFFIXES.get(suffix)}".removeprefix("./")
            if suffix in _SUFFIXES and _NAME.fullmatch(name):
                yield name, os.path.islink(os.path.join(folder, file))


@dataclass(frozen=True, slots=True)
class FixedSources:
    """Templates held in memory: those of a bundle, or of a test."""

    texts: Mapping[str, str]

    def text(self, name: str) -> str | None:
        return self.texts.get(name)


class ReadOnce:
    """The same sources, each file looked for once, however many templates include it."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._texts: dict[str, str | None] = {}

    def text(self, name: str) -> str | None:
        if name not in self._texts:
            self._texts[name] = self._sources.text(name)
        return self._texts[name]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A template with everything it includes: enough to render it again in ten years."""

    name: str  # as the journey says it
    locale: str
    hash: str
    sources: Mapping[str, str]  # by file name below templates/


def bundle_hash(name: str, locale: str, sources: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for part in (RENDERER_VERSION, name, locale, *(x for item in sorted(sources.items()) for x in item)):
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        from nurture.rendering.errors import RenderError, problem_at  # loads Jinja

        line = path.read_bytes()[: error.start].count(b"\n") + 1
        hint = "save it again with the encoding UTF-8"
        raise RenderError(problem_at("N015", "the file is not in UTF-8", name, line, None, hint)) from None


def _mjml(name: str) -> str:
    return name.removesuffix(".html") + ".mjml"


def shipped() -> Path:
    """The folder of the templates that ship with the product."""
    return Path(str(files("nurture.templates")))


def variants(name: str, locale: str) -> tuple[str, ...]:
    """The files that may stand for `name`, the nearest to `locale` first.

    >>> variants("email/hello.html", "pt-BR")
    ('email/hello.pt-BR.html', 'email/hello.pt.html', 'email/hello.html')
    """
    known = _LOCALE.fullmatch(locale)
    stem, dot, suffix = name.rpartition(".")
    if not known or not dot:
        return (name,)
    tags = dict.fromkeys((locale.replace("_", "-"), known[1]))
    return (*(f"{stem}.{tag}.{suffix}" for tag in tags), name)


def locate(sources: Sources, name: str, locale: str) -> tuple[str, str] | None:
    """The file and the text that stand for `name` in `locale`."""
    for variant in variants(name, locale):
        text = sources.text(variant)
        if text is not None:
            return variant, text
    return None
