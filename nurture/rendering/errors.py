"""What goes wrong in a template, said to the person who wrote it: file, line, cause, way out."""

from __future__ import annotations

import re
from types import TracebackType

import jinja2
from jinja2.exceptions import SecurityError

from nurture.problems import Mark, NurtureError, Problem, render

HELP = "docs/templates.md"
MISFIT = "N807"  # a line that these values don't fit; others may
_LONG = 160  # mails made by programs are often one line
_MUSTACHE = re.compile(r"\{\{\s*[#/^>]")


class RenderError(NurtureError):
    """A template is wrong, or does not fit what is known of the person."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(render(problem), (problem,))


class Refused(RenderError):
    """The template is right; this message must not go out. `reason` is what the outbox keeps."""

    def __init__(self, problem: Problem, reason: str) -> None:
        super().__init__(problem)
        self.reason = reason


class UnknownValue(Exception):
    """A value that is not known for this person was to be printed."""


class LimitReached(Exception):
    """The template takes too long, says too much or calls itself for ever."""


class Unfit(Exception):
    """A WhatsApp message that a provider would refuse."""


class HeaderInjection(Exception):
    """A value that would be able to write header lines was to be merged into one."""


def problem_at(
    code: str, message: str, file: str, line: int, source: str | None, hint: str | None
) -> Problem:
    """A problem that shows the line it stands on, or the start of a very long one."""
    lines = (source or "").splitlines()
    text = lines[line - 1] if 0 < line <= len(lines) else None
    text = text[:_LONG] + "…" if text and len(text) > _LONG else text
    indent = len(text) - len(text.lstrip()) if text else 0
    length = len(text.strip()) if text else 1
    mark = Mark(f"templates/{file}", max(line, 1), indent + 1, length, text)
    return Problem(code, message, mark, hint, HELP)


def explain(error: Exception, name: str) -> RenderError:
    """What a person should read of `error`, raised while the template `name` was read or rendered."""
    if isinstance(error, RenderError):
        return error
    if isinstance(error, jinja2.TemplateSyntaxError):
        return RenderError(_syntax(error, error.name or name))
    file, line, source = _place(error.__traceback__, name)
    code, message, hint = _meaning(error)
    problem = problem_at(code, message, file, line, source, hint)
    if isinstance(error, HeaderInjection):
        return Refused(problem, "header_injection")
    if isinstance(error, UnknownValue):
        return Refused(problem, "unknown_value")
    return RenderError(problem)


def _syntax(error: jinja2.TemplateSyntaxError, file: str) -> Problem:
    message, hint = error.message or "wrong syntax", None
    if error.source and _MUSTACHE.search(error.source.splitlines()[error.lineno - 1]):
        message = "this is Mustache or Handlebars, not Jinja"
        hint = "write {% for item in items %} ... {% endfor %} and {% if item %} ... {% endif %}"
    return problem_at("N801", message, file, error.lineno, error.source, hint)


def _place(trace: TracebackType | None, name: str) -> tuple[str, int, str | None]:
    """The innermost line of a template that was running."""
    file, line, source = name, 1, None
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if isinstance(template, jinja2.Template):
            file, line = template.name or name, template.get_corresponding_lineno(trace.tb_lineno)
            source = _source(template)
        trace = trace.tb_next
    return file, line, source


def _source(template: jinja2.Template) -> str | None:
    loader = template.environment.loader
    if loader is None or template.name is None:
        return None
    try:
        return loader.get_source(template.environment, template.name)[0]
    except jinja2.TemplateNotFound:
        return None


def _meaning(error: Exception) -> tuple[str, str, str | None]:
    if isinstance(error, jinja2.UndefinedError):
        return _undefined(str(error))
    if isinstance(error, UnknownValue):
        return "N803", str(error), 'say what stands there then: {{ ... | default("...") }}'
    if isinstance(error, jinja2.TemplateNotFound):
        return (
            "N804",
            f"there is no template '{error.name}'",
            'names begin below templates/: "layouts/base.html"',
        )
    if isinstance(error, (LimitReached, OverflowError, RecursionError, MemoryError)):
        said = str(error) if isinstance(error, LimitReached) else "the template never comes to an end"
        return "N805", said, "make the loop or the text shorter"
    if isinstance(error, (SecurityError, HeaderInjection)):
        return "N806", str(error), None
    if isinstance(error, Unfit):
        return "N810", str(error), None
    return MISFIT, f"this line cannot be worked out: {error}", None


def _undefined(said: str) -> tuple[str, str, str | None]:
    if found := re.fullmatch(r"'(?:dict|mappingproxy|Names) object' has no attribute '(.+)'", said):
        return "N802", f"nothing here is called '{found[1]}'", "see which names the journey brings"
    if found := re.fullmatch(r"'(.+)' is undefined", said):
        hint = f'write its right name, or {{{{ {found[1]} | default("...") }}}} if it may be missing'
        return "N802", f"nothing is called '{found[1]}'", hint
    return "N802", said, None
