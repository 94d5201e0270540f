"""E-mail over SMTP: the carrier, its server, its dialogues and what is said in them."""

from nurture.channels.smtp.carrier import Smtp, open_carrier

__all__ = ["Smtp", "open_carrier"]
