"""Where mails come back to, and what follows from them, as `nurture.yaml` says it."""

from __future__ import annotations

from nurture.nodes import Node
from nurture.options import shapes
from nurture.options.desk import Desk
from nurture.options.reader import Options, read_table
from nurture.options.tables import Option, Table
from nurture.options.values import Choice, Custom, Flag, Integer, Length, Text
from nurture.settings import MailboxConfig, SoftBounces

_PORTS = {"tls": 993, "starttls": 143, "none": 143}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

RETURNS = Table(
    "'returns'",
    (
        Option("host", Text(), "The IMAP server.", "imap.shop.example", required=True, default=""),
        Option("user", Text(), "The mailbox.", "bounces@shop.example", required=True, default=""),
        Option("password", Text(), "Its password.", "${IMAP_PASSWORD}", required=True, default=""),
        Option("port", Integer(1, 65535), "993, or 143 without `tls`.", "993"),
        Option(
            "tls",
            Choice(tuple(_PORTS)),
            "`tls` from the first byte, `starttls`, or `none`.",
            "tls",
            default="tls",
        ),
        Option("ca_file", Text(), "A certificate that is trusted besides the system's.", "ca.pem"),
        Option("folder", Text(), "The folder that is read.", "INBOX", default="INBOX"),
        Option(
            "delete",
            Flag(),
            "Bounces, complaints and automatic replies are deleted once they are read, instead of being marked as read.",
            "true",
            default=False,
        ),
    ),
    anchor="workspace",
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
    return MailboxConfig(
        host=options["host"],
        user=options["user"],
        password=options["password"],
        port=options["port"] or _PORTS[options["tls"]],
        tls=options["tls"],
        ca_file=options["ca_file"],
        folder=options["folder"],
        delete=options["delete"],
    )


def soft_bounces(options: Options | None) -> SoftBounces:
    """What `bounces` says, and the defaults of what it doesn't."""
    if options is None:
        return SoftBounces()
    given = {name: options[name] for name in ("suppress_after", "within") if options[name] is not None}
    return SoftBounces(**given)
