"""SMS through Twilio: the carrier, its error codes and its webhooks."""

from nurture.channels.twilio.carrier import Twilio, open_carrier

__all__ = ["Twilio", "open_carrier"]
