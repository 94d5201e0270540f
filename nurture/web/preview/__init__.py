"""`nurture preview --serve`: a page on this machine that shows a text as a person sees it, and follows the files."""

from nurture.web.preview.app import Preview

__all__ = ["Preview"]
