"""Which templates there are, and that none of them lies outside of its folder."""

from __future__ import annotations

from pathlib import Path

from nurture.rendering.sources import TemplateSources


def test_links_to_elsewhere_and_odd_names_are_no_templates(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    for folder in (own / "email", shipped / "email"):
        folder.mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    for name in ("hello.html", "hello.txt", "written.mjml", "notes.md", "an odd name.txt", ".hidden.txt"):
        (own / "email" / name).write_text(name)
    (own / "email" / "again.txt").symlink_to(own / "email" / "hello.txt")
    for name in ("away.txt", "welcome.txt"):
        (own / "email" / name).symlink_to(tmp_path / "secret.txt")
    (own / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    (shipped / "email" / "welcome.txt").write_text("shipped")
    sources = TemplateSources(own, shipped)
    names = list(sources.names())
    assert names == [
        f"email/{name}" for name in ("again.txt", "hello.html", "hello.txt", "welcome.txt", "written.html")
    ]
    assert sources.text("email/welcome.txt") == "shipped"
    assert sources.text("email/away.txt") is None
    assert sources.text("elsewhere/secret.txt") is None
    assert sources.text("email/../../secret.txt") is None


def test_what_notepad_saved_begins_with_its_first_letter(tmp_path: Path) -> None:
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "hello.txt").write_text("Oi", encoding="utf-8-sig")
    assert TemplateSources(tmp_path, tmp_path).text("email/hello.txt") == "Oi"
