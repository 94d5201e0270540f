"""E-mail through listmonk's transactional API (https://listmonk.app/docs/apis/transactional/)."""

from __future__ import annotations

from typing import ClassVar

from nurture.channels import mail
from nurture.channels.api import Answer, Api, Call, Provider, Unfit, basic, posted, read
from nurture.channels.base import Envelope, Features, Outcome, Trouble, accepted
from nurture.channels.checking import Checked
from nurture.channels.told import table
from nurture.settings import ChannelConfig

# https://listmonk.app/docs/roles-and-permissions/
_SENDS = "tx:send"
_SUPER_ADMIN = 1  # the role that may do everything, whatever it lists


def open_carrier(config: ChannelConfig) -> Api:
    """The carrier for the options that `Listmonk` explains. Raises NurtureError."""
    return Api(Listmonk(config))


class Listmonk(Provider):
    """Options: api (where it stands), user and token (of an API user that may send transactional mails), template (the
    number of a transactional template whose subject is {{ .Tx.Data.subject }} and whose text is
    {{ .Tx.Data.html | Safe }}).

    The subject takes the way through the template, since a subject of the request's own would be rendered there: what
    a contact is called must not be a template.
    """

    name = "listmonk"
    known: ClassVar[tuple[str, ...]] = ("user", "token", "template")
    features = Features(
        notes="Sends the HTML without a text part, and needs a version that knows subscriber_mode."
        " It tells nothing of what becomes of a mail: a lost answer stays in doubt, and bounces are listmonk's to see."
    )

    def __init__(self, config: ChannelConfig) -> None:
        super().__init__(config)
        options = self.options
        user, token = options.required("user", "nurture"), options.required("token", "${LISTMONK_TOKEN}")
        options.required("template", "3")
        self._template = options.whole("template", 1, 1, 2**31 - 1)
        self._headers = {"Authorization": basic(user, token)}

    def call(self, envelope: Envelope) -> Call:
        parts = mail.read(envelope.body)
        if not parts.html:
            raise Unfit("The mail has no HTML, and listmonk sends nothing else.")
        headers = {**parts.others(), **({"Reply-To": parts.reply_to.written} if parts.reply_to else {})}
        asked = {
            "subscriber_mode": "external",  # whom we write to need not be a subscriber there
            "subscriber_emails": [parts.to.address],
            "template_id": self._template,
            "from_email": parts.sender.written,
            "content_type": "html",
            "data": {"subject": parts.subject, "html": parts.html},
            "headers": [{name: value} for name, value in headers.items()],
        }
        return posted("/api/tx", asked, self._headers)

    def question(self) -> Call:
        # what every user may ask: https://github.com/knadh/listmonk/blob/master/cmd/handlers.go
        return Call("/api/profile", b"", self._headers)

    def understood(self, answer: Answer) -> Checked:
        if answer.status == 403:
            advice = "Compare user and token with Admin, Users in listmonk: the user must be of the type API."
            return Checked("listmonk answers 403: it does not know user and token", Trouble.AUTH, advice)
        role = table(table(answer.table.get("data")).get("user_role"))
        may = role.get("permissions")
        if answer.ok and isinstance(may, list) and _SENDS not in may and role.get("id") != _SUPER_ADMIN:
            advice = f"Give the user a role with {_SENDS}."
            return Checked(f"the user may not send transactional mails ({_SENDS})", Trouble.AUTH, advice)
        return super().understood(answer)

    def outcome(self, envelope: Envelope, answer: Answer) -> Outcome:
        if answer.ok and answer.table.get("data") is True:
            return accepted(envelope, str(answer.status))
        said = str(answer.table.get("message") or "")
        return read(envelope, answer, said=said, trouble=_trouble(answer.status, said))


def _trouble(status: int, said: str) -> Trouble | None:
    """A bad request is about the address, or about what the channel's settings say: the template, the sender."""
    if status != 400:
        return None
    return Trouble.INVALID_RECIPIENT if "invalid email" in said.lower() else Trouble.SETUP
