"""Writing journeys: init, check, test, preview, send-test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nurture.cli import tables
from nurture.cli.folder import HERE, Folder, runtime

if TYPE_CHECKING:
    from nurture.app.preview import Shown
    from nurture.app.previewing.look import OnWhatsApp
    from nurture.app.previewing.scene import Variable

SHORT = {
    "init": "Make a workspace that runs.",
    "check": "Is everything that I wrote right? Exit status 1 where not.",
    "test": "Do my journeys do what I wrote down? Exit status 1 where not.",
    "preview": "What will she see? To files, or in the browser while you write.",
    "send_test": "Send a message to myself.",
}


def register(app: typer.Typer) -> None:
    for command in (init, check, test, preview, send_test):
        app.command(command.__name__.replace("_", "-"), short_help=SHORT[command.__name__])(command)


def init(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder.")]) -> None:
    """Make a workspace that runs: settings, journeys with their templates, and tests."""
    from nurture.app.init import init as make

    make(folder)
    print(f"{folder} is ready. In its nurture.yaml, -> marks what is yours to change.\n\nNext:")
    rows = [
        [f"cd {folder}", ""],
        ["nurture check", "is everything right?"],
        ["nurture test", "do the journeys do as their tests say?"],
        ["nurture preview --serve", "what will she see? in the browser"],
        ["nurture test --update-snapshots", "keep what each text says today"],
        ["nurture import contacts FILE --preview", "how would a file be understood?"],
        ["nurture publish", "make the journeys live (asks first)"],
        ["nurture up", "run them"],
    ]
    print("\n".join(f"  {line}" for line in tables.table(rows).splitlines()))


def check(
    workspace: Annotated[
        Path, typer.Argument(metavar="PATH", help="The workspace, or one of its files.")
    ] = HERE,
    form: Annotated[
        str,
        typer.Option("--format", "-f", metavar="FORMAT", help="text, json, github (annotations) or sarif."),
    ] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    people: Annotated[
        bool,
        typer.Option(
            "--people", help="Count SMS with the longest values that people have: reads the database."
        ),
    ] = False,
) -> None:
    """Is everything that I wrote right? Exit status 1 where it isn't."""
    from nurture.cli.check import check as look

    raise typer.Exit(look(workspace, "json" if as_json else form, people=people))


def test(
    journeys: Annotated[
        list[str] | None, typer.Argument(metavar="JOURNEY", help="Journeys; all if none is named.")
    ] = None,
    coverage: Annotated[bool, typer.Option("--coverage", help="List what no test reaches.")] = False,
    snapshots: Annotated[
        bool, typer.Option("--snapshots", help="Also hold each text against tests/snapshots/.")
    ] = False,
    update: Annotated[
        bool,
        typer.Option(
            "--update-snapshots", help="Write tests/snapshots/ as the texts are now, and nothing else."
        ),
    ] = False,
    workspace: Folder = HERE,
) -> None:
    """Do my journeys do what I wrote down? Exit status 1 where one doesn't."""
    from nurture.cli import snapshots as kept
    from nurture.cli.testing import run

    if update:
        kept.update(workspace, journeys)
        return
    failed = run(workspace, journeys, coverage=coverage)
    if snapshots:
        failed |= kept.compare(workspace, journeys)
    raise typer.Exit(failed)


Template = Annotated[
    str, typer.Argument(metavar="TEMPLATE", help="Such as welcome/hello or sms/birthday/present.")
]
Person = Annotated[
    str | None,
    typer.Option("--contact", "-c", metavar="WHO", help="As this person gets it: ref, e-mail or phone."),
]
Language = Annotated[
    str | None, typer.Option("--locale", "-l", metavar="LOCALE", help="In this language, such as en.")
]


def preview(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHAT",
            help="A template (welcome/hello), a journey, or with --serve nothing: all.",
            show_default=False,
        ),
    ] = None,
    step: Annotated[
        str | None, typer.Argument(metavar="STEP", help="The step of the journey WHAT.", show_default=False)
    ] = None,
    contact: Person = None,
    locale: Language = None,
    to: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where the HTML is written.")
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", "-s", help="In the browser, on a page that follows the files.")
    ] = False,
    port: Annotated[
        int,
        typer.Option("--port", metavar="PORT", help="Of that page; 0 takes a free one.", min=0, max=65535),
    ] = 0,
    workspace: Folder = HERE,
) -> None:
    """What will she see? Writes a mail as an HTML file, with its text part and the whole message beside it;
    an SMS or a task's brief is shown here. With --serve it is shown in the browser, which reloads whenever a
    template, a part, a journey or a test changes."""
    from nurture.problems import NurtureError

    if what is None and not serve:
        raise NurtureError(
            "say which template or journey, such as `nurture preview welcome/hello`, or --serve for all"
        )
    wanted = f"{what}:{step}" if step else what or ""
    if serve:
        from nurture.cli.preview import serve as follow

        follow(workspace, wanted, contact, locale, port)
        return
    _to_files(workspace, wanted, contact, locale, to)


def _to_files(workspace: Path, wanted: str, contact: str | None, locale: str | None, to: Path | None) -> None:
    from nurture.app.preview import show
    from nurture.app.sms_sizes import saving

    with runtime(workspace, for_work=False) as opened:
        shown = show(opened, wanted, contact, opened.now(), locale=locale)
        made = shown.rendered
        saved = saving(made, opened.settings) if made is not None and made.segments else None
    _show_head(shown)
    if made is None or made.html is None:
        print(f"\n{tables.letter(shown.text)}\n")
    if made is None:
        return
    if made.segments:
        print(f"{tables.plural(made.segments, 'segment')}, {made.encoding}, {len(made.text)} characters")
    if saved:
        print(tables.paragraph(f"{saved}."))
    if shown.whatsapp is not None:
        _show_whatsapp(shown.whatsapp)
    _show_values(shown.values)
    if made.html is not None:
        path = to or workspace / "preview" / f"{wanted.replace('/', '-').replace(':', '-')}.html"
        _write(path, {".html": made.html.encode(), ".txt": made.text.encode(), ".eml": made.body})


def _show_head(shown: Shown) -> None:
    """The headers that a person sees, and for whom the message was made."""
    from nurture.app.previewing.look import headers_of

    who = f"contact {shown.person}" if shown.person else "somebody made up; --contact WHO takes a real person"
    rows = [["for", who]]
    if shown.rendered is not None and shown.rendered.html is not None:
        read = dict(headers_of(shown.rendered.body))
        rows += [[name, read[name]] for name in ("From", "To", "Subject") if name in read]
        rows.append(["HTML", f"{len(shown.rendered.html.encode()) / 1024:.0f} kB; Gmail clips at 102 kB"])
    print(tables.table(rows))


def _show_whatsapp(texted: OnWhatsApp) -> None:
    """What the provider is to approve, or why it goes out now and then only."""
    filled = texted.message.filled
    if filled is None:
        said = "No approved template: it goes out within 24 hours of the person's last message only."
        print(tables.paragraph(said))
        return
    print(f"to submit as {filled.template}, {filled.language}, {filled.category}:\n")
    print(f"{texted.submitted}\n")  # as it is: it is copied from here
    rows = [[f"{{{{{number}}}}}", value, name] for number, (name, value) in enumerate(texted.places, 1)]
    rows += [["button", said, ""] for said in texted.buttons]
    if rows:
        print(tables.table(rows))


def _show_values(values: tuple[Variable, ...]) -> None:
    """Those that are not the same for everybody."""
    from nurture.app.previewing.scene import FOR_ALL

    rows = [
        [each.name, tables.cut(each.shown, 30) or "-", each.source]
        for each in values
        if not each.source.startswith(FOR_ALL)
    ]
    if rows:
        print(f"\n{tables.table([['value', '', 'where from'], *rows])}")


def _write(path: Path, contents: dict[str, bytes]) -> None:
    from nurture.problems import NurtureError

    what = {".html": "as a mail program shows it", ".txt": "its text part", ".eml": "all of it, with headers"}
    if path.is_dir():
        raise NurtureError(f"{path} is a folder; name a file by --out")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for ending, content in contents.items():
            path.with_suffix(ending).write_bytes(content)
    except OSError as error:
        raise NurtureError(f"{path} can't be written: {error.strerror}; name another file by --out") from None
    print(f"\n{tables.table([[str(path.with_suffix(ending)), what[ending]] for ending in contents])}")


def send_test(
    template: Template,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Your own address or phone number.")],
    contact: Person = None,
    locale: Language = None,
    workspace: Folder = HERE,
) -> None:
    """Send a message to myself, through the provider that people's messages go through. Its links can be
    followed, and change nothing."""
    from nurture.app.preview import send

    with runtime(workspace) as opened:
        shown, outcome = send(opened, template, contact, to, opened.now(), locale)
        config = opened.settings.channels[shown.channel] if shown.channel else None
    _show_head(shown)
    answer = " ".join(filter(None, (outcome.code, outcome.detail)))
    if outcome.kind.value == "accepted":
        known = f", known to it as {outcome.provider_id}" if outcome.provider_id else ""
        print(
            tables.paragraph(
                f"Sent by {config.provider if config else ''}{known}{f' ({answer})' if answer else ''}."
            )
        )
        return
    print(tables.paragraph(f"Not sent ({outcome.kind.value}): {answer}"))
    print(f"Look at channels.{shown.channel} in nurture.yaml.")
    raise typer.Exit(1)
