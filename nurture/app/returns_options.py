"""Where mails come back to, and what follows from them, as `nurture.yaml` says it."""

from __future__ import annotations

import re

from nurture.nodes import Node
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table, sub_table
from nurture.options.tables import Option, Table
from nurture.options.values import Choice, Custom, Flag, Integer, Length, Matching, Text
from nurture.settings import MailboxConfig, OAuthConfig, SoftBounces

_PORTS = {"tls": 993, "starttls": 143, "none": 143}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_TOKEN_URL = Matching(
    "an address that begins with https://",
    re.compile(r"https://[^\s/]+/\S*|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?/\S*"),
    "secrets must not travel in clear text",
)
_FOLDER = Matching("the name of a folder", re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+"))
MICROSOFT = "https://outlook.office365.com/.default"

OAUTH = Table(
    "'oauth'",
    (
        Option(
            "token_url",
            _TOKEN_URL,
            "Where access tokens are had.",
            "https://oauth2.googleapis.com/token",
            required=True,
            default="",
        ),
        Option("client_id", Text(), "The application's id.", "${IMAP_CLIENT_ID}", required=True, default=""),
        Option("client_secret", Text(), "Its secret.", "${IMAP_CLIENT_SECRET}"),
        Option(
            "refresh_token",
            Text(),
            "What the mailbox's owner gave the application. Without it, the application asks in its own name.",
            "${IMAP_REFRESH_TOKEN}",
        ),
        Option(
            "scope",
            Text(),
            f"What is asked for, where it has to be said. Without a refresh token: `{MICROSOFT}`.",
            MICROSOFT,
        ),
    ),
    anchor="workspace",
    rules=({"anyOf": [{"required": [name]} for name in ("refresh_token", "client_secret")]},),
)
RETURNS = Table(
    "'returns'",
    (
        Option("host", Text(), "The IMAP server.", "imap.shop.example", required=True, default=""),
        Option("user", Text(), "The mailbox.", "bounces@shop.example", required=True, default=""),
        Option("password", Text(), "Its password.", "${IMAP_PASSWORD}", default=""),
        Option(
            "oauth", sub_table(OAUTH), "Instead of a password: OAuth 2.", "{token_url: ..., client_id: ...}"
        ),
        Option("port", Integer(1, 65535), "993, or 143 without `tls`.", "993"),
        Option(
            "tls",
            Choice(tuple(_PORTS)),
            "`tls` from the first byte, `starttls`, or `none`.",
            "tls",
            default="tls",
        ),
        Option("ca_file", Text(), "A certificate that is trusted besides the system's.", "ca.pem"),
        Option("folder", _FOLDER, "The folder that is read.", "INBOX", default="INBOX"),
        Option(
            "delete",
            Flag(),
            "Bounces, complaints and automatic replies are deleted once they are read, instead of being marked as read.",
            "true",
            default=False,
        ),
    ),
    anchor="workspace",
    rules=(shapes.exactly_one("password", "oauth"),),
)
BOUNCES = Table(
    "'bounces'",
    (
        Option(
            "suppress_after",
            Integer(1, 100),
            "So many days with a bounce that isn't for good, and no mail that arrived between them, suppress the address.",
            "7",
        ),
        Option("within", Length(fixed=True), "In so long a time.", "90 days"),
    ),
    anchor="workspace",
)


def mailbox_value() -> Custom[MailboxConfig]:
    """The value of `returns`."""
    return Custom("a mailbox", _mailbox, lambda desk: shapes.table(RETURNS, desk))


def _mailbox(node: Node, desk: Desk) -> MailboxConfig | None:
    options = read_table(node, RETURNS, desk)
    if options is None:
        return None
    if options["tls"] == "none" and options["host"] not in _LOOPBACK:
        message = "a password must not travel in clear text"
        desk.error("N608", message, options.mark_of("tls"), "write 'tls: tls' or 'tls: starttls'")
    _one_way_in(options)
    return MailboxConfig(
        host=options["host"],
        user=options["user"],
        password=options["password"],
        port=options["port"] or _PORTS[options["tls"]],
        tls=options["tls"],
        ca_file=options["ca_file"],
        folder=options["folder"],
        delete=options["delete"],
        oauth=_oauth(options["oauth"]),
    )


def _one_way_in(options: Options) -> None:
    ways = ("password", "oauth")
    given = [name for name in ways if options.given(name)]
    if len(given) > 1:
        options.error("N106", "'returns' takes one of 'password' and 'oauth'", "password", "take one away")
    elif not given and options.meant.isdisjoint(ways):
        hint = "add 'password: ${IMAP_PASSWORD}'"
        options.error("N103", "'returns' needs 'password' or 'oauth'", hint=hint)


def _oauth(options: Options | None) -> OAuthConfig | None:
    if options is None:
        return None
    names = ("token_url", "client_id", "client_secret", "refresh_token", "scope")
    given = {name: options[name] for name in names}
    if not given["refresh_token"]:
        given["scope"] = given["scope"] or MICROSOFT
        if not given["client_secret"] and options.meant.isdisjoint(("refresh_token", "client_secret")):
            hint = "add 'refresh_token: ${IMAP_REFRESH_TOKEN}'"
            options.error("N103", "'oauth' needs 'refresh_token' or 'client_secret'", hint=hint)
    return OAuthConfig(**given)


def soft_bounces(options: Options | None) -> SoftBounces:
    """What `bounces` says, and the defaults of what it doesn't."""
    if options is None:
        return SoftBounces()
    given = {name: options[name] for name in ("suppress_after", "within") if options[name] is not None}
    return SoftBounces(**given)
