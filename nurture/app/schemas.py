"""The JSON Schemas of a workspace's files, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from nurture.app import audience, config, declared, whatsapp_options
from nurture.compiler import CompileContext
from nurture.compiler.schema import DRAFT, desk_of, journey_schema
from nurture.options import shapes
from nurture.options.shapes import Schema
from nurture.options.tables import Table
from nurture.problems import NurtureError, nearest

FOLDER = "schemas"
FILES = {
    "journey": "journeys/*.yaml",
    "nurture": "nurture.yaml",
    "fields": "fields.yaml",
    "events": "events.yaml",
    "surveys": "surveys.yaml",
    "coupons": "coupons.yaml",
    "whatsapp": "whatsapp.yaml",
    "segments": "segments.yaml",
    "scores": "scores.yaml",
    "stages": "stages.yaml",
}
EXTENSION = "redhat.vscode-yaml"
_VARIABLE = r".*\$\{[A-Za-z_][A-Za-z0-9_]*\}.*"


def schema(name: str, context: CompileContext | None) -> Schema:
    """The schema of the file `name`. Raises NurtureError where there is none of that name."""
    if name not in FILES:
        near = nearest(name, FILES)
        hint = f"did you mean '{near}'?" if near else f"there is {', '.join(FILES)}"
        raise NurtureError(f"there is no schema of '{name}'; {hint}")
    return schemas(context)[name]


def schemas(context: CompileContext | None) -> dict[str, Schema]:
    """The schema of each sort of file, with the names of a workspace where there is one."""
    desk = desk_of(context or CompileContext())
    return {
        "journey": journey_schema(context),
        "nurture": _page(
            "The settings of a workspace", _from_environment(shapes.table(config.WORKSPACE, desk))
        ),
        "fields": _page("Fields of your own", declared.fields_shape(desk)),
        "events": _page("Events of your own", shapes.table(declared.EVENTS, desk)),
        "surveys": _page("Surveys", _named(config.SURVEY, context)),
        "coupons": _page("Pools of coupons", _named(config.COUPON, context)),
        "whatsapp": _page("Approved WhatsApp templates", _named(whatsapp_options.APPROVED, context)),
        "segments": _page("Segments", audience.segments_shape(desk)),
        "scores": _page("Scores", audience.scores_shape()),
        "stages": {"$schema": DRAFT, "title": "Stages", **audience.stages_shape()},
    }


def _named(table: Table, context: CompileContext | None) -> Schema:
    return shapes.table_of(shapes.table(table, desk_of(context or CompileContext())))


def _page(title: str, shape: Schema) -> Schema:
    kinds = {"type": ["object", "null"]} if not shape.get("required") else {}  # a file may say nothing
    return {"$schema": DRAFT, "title": title, **shape, **kinds}


def _from_environment(shape: Any) -> Any:
    """The same, where `${NAME}` may stand for any text."""
    if isinstance(shape, list):
        return [_from_environment(each) for each in shape]
    if not isinstance(shape, dict):
        return shape
    found = {key: _from_environment(value) if key != "enum" else value for key, value in shape.items()}
    if isinstance(shape.get("pattern"), str):
        found["pattern"] = f"{shape['pattern']}|^{_VARIABLE}$"
    if "enum" in shape:
        said = {key: found[key] for key in ("description", "markdownDescription") if key in found}
        return {**said, "anyOf": [found, {"type": "string", "pattern": f"^{_VARIABLE}$"}]}
    return found


def text(shape: Schema) -> str:
    return orjson.dumps(shape, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def write(folder: Path, context: CompileContext) -> list[Path]:
    """Bring the workspace's schemas up to date; those that changed."""
    changed = []
    for name, shape in schemas(context).items():
        path = folder / FOLDER / f"{name}.schema.json"
        said = text(shape)
        if not path.is_file() or path.read_text(encoding="utf-8") != said:
            path.parent.mkdir(exist_ok=True)
            path.write_text(said, encoding="utf-8")
            changed.append(path)
    return changed


def install(folder: Path, context: CompileContext) -> list[Path]:
    """The schemas, and the settings of the editor where there are none; the files that were written."""
    written = write(folder, context)
    for name, said in editor_settings().items():
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(said, encoding="utf-8")
            written.append(path)
    return written


def refresh(folder: Path, context: CompileContext) -> None:
    """The same where the workspace has schemas already; a folder that can't be written stays as it is."""
    if not (folder / FOLDER).is_dir():
        return
    try:
        write(folder, context)
    except OSError:
        return


def editor_settings() -> dict[str, str]:
    """The settings that make an editor use the schemas, by the file below the workspace."""
    places = {f"./{FOLDER}/{name}.schema.json": files for name, files in FILES.items()}
    settings = {"yaml.schemas": places, "yaml.format.enable": False, "[yaml]": {"editor.tabSize": 2}}
    return {
        ".vscode/settings.json": text(settings),
        ".vscode/extensions.json": text({"recommendations": [EXTENSION]}),
    }
