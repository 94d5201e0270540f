"""What comes back by mail: bounces, complaints, automatic replies and answers.

Pure: bytes in, a `Returned` out, whatever the bytes are. Each way of saying something is a file:
`reports` (RFC 3464), `free_text`, `complaints` (RFC 5965), `auto_replies` (RFC 3834); `codes` and `words`
know what servers mean, `judging` weighs them, `verp` writes and reads return paths.
"""

from nurture.channels.returns.reading import Kind, Returned, read
from nurture.channels.returns.reasons import Reason

__all__ = ["Kind", "Reason", "Returned", "read"]
