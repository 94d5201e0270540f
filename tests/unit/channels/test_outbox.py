from __future__ import annotations

import errno
import os
import resource
from pathlib import Path

import pytest

from nurture import faults
from nurture.channels.base import Forged, OutcomeKind, Webhook
from nurture.channels.outbox import Outbox
from nurture.model import Channel
from tests.support.channels import email, emails, send, sms


@pytest.mark.parametrize("fsync", [True, False])
def test_a_message_becomes_a_file_named_by_its_key(tmp_path: Path, fsync: bool) -> None:
    carrier = Outbox(tmp_path / "sent", Channel.EMAIL, fsync)
    outcomes = send(carrier, emails("ana", "bruno"))
    assert {one.kind for one in outcomes.values()} == {OutcomeKind.ACCEPTED}
    assert sorted(path.name for path in carrier.folder.iterdir()) == ["key0.eml", "key1.eml"]
    assert (carrier.folder / "key0.eml").read_bytes() == emails("ana")[0].body


def test_an_sms_is_text(tmp_path: Path) -> None:
    send(Outbox(tmp_path, Channel.SMS), [sms(1, "+5511999990000", "Olá!")])
    assert (tmp_path / "key1.txt").read_text() == "Olá!"


def test_a_second_handover_is_accepted_without_a_second_copy(tmp_path: Path) -> None:
    carrier = Outbox(tmp_path, Channel.EMAIL)
    send(carrier, emails("ana"))
    before = (tmp_path / "key0.eml").stat()
    assert send(carrier, emails("ana"))[0].kind is OutcomeKind.ACCEPTED
    assert (tmp_path / "key0.eml").stat().st_mtime_ns == before.st_mtime_ns
    assert [path.name for path in tmp_path.iterdir()] == ["key0.eml"]


def test_what_is_not_allowed_leaves_no_file(tmp_path: Path) -> None:
    assert sorted(send(Outbox(tmp_path, Channel.EMAIL), emails("ana", "bruno"), but=[1])) == [0]
    assert [path.name for path in tmp_path.iterdir()] == ["key0.eml"]


@pytest.mark.parametrize("key", ["../key", "a/b", "", ".hidden", "ana@example.com", "k" * 300, "k\n"])
def test_a_key_cannot_lead_out_of_the_folder(tmp_path: Path, key: str) -> None:
    envelope = emails("ana")[0].__class__(1, key, Channel.EMAIL, "v@example.com", "a@example.com", b"x")
    assert send(Outbox(tmp_path / "sent", Channel.EMAIL), [envelope])[1].kind is OutcomeKind.REFUSED
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_full_disk_defers_and_leaves_nothing_behind(tmp_path: Path) -> None:
    carrier = Outbox(tmp_path, Channel.EMAIL)
    wave = [email(1, "ana", b"small"), email(2, "bruno", b"x" * 200_000), email(3, "davi", b"small")]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        outcomes = send(carrier, wave)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [outcomes[number].kind for number in (1, 2, 3)] == ["accepted", "deferred", "accepted"]
    assert os.strerror(errno.EFBIG) in outcomes[2].detail
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key1.eml", "key3.eml"]


@pytest.mark.parametrize("occurrence", [1, 2, 3])
@pytest.mark.parametrize("point", ["body.before_send", "body.before_reply", "body.after_reply"])
def test_a_crash_leaves_only_whole_messages_under_their_names(
    tmp_path: Path, point: str, occurrence: int
) -> None:
    class Crash(BaseException):
        pass

    def crash() -> None:
        raise Crash

    wave = emails("ana", "bruno", "davi")
    faults.arm(f"{point}:{occurrence}", crash)
    try:
        with pytest.raises(Crash):
            send(Outbox(tmp_path, Channel.EMAIL), wave)
    finally:
        faults.arm(None)
    complete = {"body.before_send": 0, "body.before_reply": occurrence - 1, "body.after_reply": 3}
    assert len(list(tmp_path.glob("*.eml"))) == complete[point]
    send(Outbox(tmp_path, Channel.EMAIL), wave)
    assert {path.read_bytes() for path in tmp_path.glob("*.eml")} == {envelope.body for envelope in wave}


def test_no_webhook_is_believed(tmp_path: Path) -> None:
    with pytest.raises(Forged):
        Outbox(tmp_path, Channel.EMAIL).parse_webhook(Webhook("https://x", {}, b""), None)  # type: ignore[arg-type]
