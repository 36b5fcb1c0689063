"""What comes back to the return address: bounces, complaints, and much that is neither."""

import pytest

from services.publish.readers import returns
from tests.publish.readers import BOUNCE_DOMAIN, Office

AN, BINH = "an@mot.example", "binh@hai.example"
pytestmark = pytest.mark.mission("M36")


def bounce(to: str, status: str = "5.1.1", action: str = "failed") -> bytes:
    """RFC 3464, as Postfix writes it."""
    return f"""\
Return-Path: <>
Delivered-To: {to}
From: MAILER-DAEMON@mx.mot.example (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.mot.example
Arrival-Date: Tue, 24 Nov 2026 17:00:05 +0700

Final-Recipient: rfc822; an@mot.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} <an@mot.example>: Recipient address rejected

--b1
Content-Type: message/rfc822

From: tin@tin.example.vn
Subject: Tin

Tin.
--b1--
""".replace("\n", "\r\n").encode()


def complaint(original: bytes, kind: str = "abuse", sent_from: str = "") -> bytes:
    """RFC 5965, with the letter that was complained about; providers take the reader's address out of it."""
    head = f"""\
From: <abuse@hai.example>
To: <khieu-nai@{BOUNCE_DOMAIN}>
Subject: FW: Tin
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b2"

--b2
Content-Type: text/plain; charset=us-ascii

This is an email abuse report.

--b2
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
{sent_from}
--b2
Content-Type: message/rfc822
Content-Disposition: inline

""".replace("\n", "\r\n").encode()
    return head + original.replace(b"binh@hai.example", b"[redacted]") + b"\r\n--b2--\r\n"


async def sent(office: Office) -> tuple[str, bytes, str]:
    """To An and Binh; of An's letter the return address, of Binh's the letter and its return address."""
    await office.subscribe(AN, BINH)
    await office.published()
    await office.at_closing_time()
    at = {to: number for number, to in enumerate(office.box.to)}
    return office.box.senders[at[AN]], office.box.raw[at[BINH]], office.box.senders[at[BINH]]


async def readers(office: Office) -> dict[str, int]:
    told: dict[str, int] = {name: n for name, n in (await office.seen())["readers"].items() if n}
    return told


async def test_taken_and_returned_later_the_mailbox_is_erased(office: Office) -> None:
    an, _, _ = await sent(office)
    answer = await office.hand_back(bounce(an))
    assert (answer.status_code, answer.content) == (204, b"")
    assert await office.states() == ["bounced", "handed_over"]
    assert await readers(office) == {"confirmed": 1, "bounced": 1}
    assert (await office.hand_back(bounce(an))).status_code == 204, "once more is nothing more"
    await office.published(title="Tin sau")
    await office.at_closing_time()
    assert office.box.to.count(AN) == 1
    await office.ask(AN)
    await office.asked()
    assert office.box.to.count(AN) == 1


async def test_the_envelope_says_to_whom_it_came_back(office: Office) -> None:
    an, _, _ = await sent(office)
    nameless = bounce(an).replace(an.encode(), b"undisclosed")
    await office.hand_back(nameless)
    assert await office.states() == ["handed_over", "handed_over"]
    await office.hand_back(nameless, Lantoa_Recipient=an.upper())
    assert await office.states() == ["bounced", "handed_over"]


async def test_what_may_still_arrive_is_no_bounce(office: Office) -> None:
    an, _, _ = await sent(office)
    for status, action in (("4.2.2", "failed"), ("4.4.7", "delayed"), ("5.1.1", "delayed"), ("2.0.0", "delivered")):
        await office.hand_back(bounce(an, status, action))
    assert await office.states() == ["handed_over", "handed_over"]
    assert await readers(office) == {"confirmed": 2}


async def test_a_bounce_that_is_about_us_ends_nobody(office: Office) -> None:
    an, _, _ = await sent(office)
    await office.hand_back(bounce(an, "5.7.1"))
    assert await office.states() == ["bounced", "handed_over"]
    assert await readers(office) == {"confirmed": 2}


async def test_a_complaint_ends_it_on_every_list_for_ever(office: Office) -> None:
    _, letter, _ = await sent(office)
    await office.hand_back(complaint(letter))
    assert await readers(office) == {"confirmed": 1, "complained": 1}
    await office.ask(BINH)
    await office.asked()
    assert office.box.to.count(BINH) == 1, "not even asked again"


async def test_a_complaint_names_its_letter_by_the_return_address_too(office: Office) -> None:
    _, _, path = await sent(office)
    bare = b"From: tin@tin.example.vn\r\nSubject: Tin\r\n\r\nTin.\r\n"
    await office.hand_back(complaint(bare, sent_from=f"Original-Mail-From: <{path}>\n"))
    assert await office.states() == ["complained", "handed_over"]
    assert await readers(office) == {"confirmed": 1, "complained": 1}


async def test_not_spam_is_no_complaint(office: Office) -> None:
    _, letter, _ = await sent(office)
    await office.hand_back(complaint(letter, "not-spam"))
    assert await readers(office) == {"confirmed": 2}


async def test_leaving_by_mail(office: Office) -> None:
    await sent(office)
    told = str(office.box.letters[0][1]["List-Unsubscribe"])
    address = told.partition("<mailto:")[2].partition("?")[0]
    mail = f"From: {AN}\r\nTo: {address}\r\nSubject: unsubscribe\r\n\r\n".encode()
    await office.hand_back(mail)
    assert await readers(office) == {"confirmed": 1, "unsubscribed": 1}


async def test_only_a_token_of_ours_moves_anything(office: Office) -> None:
    an, letter, _ = await sent(office)
    forged = an.replace(an[2:10], "aaaaaaaa")
    await office.hand_back(bounce(forged))
    await office.hand_back(bounce(AN))
    await office.hand_back(complaint(letter.replace(b"/nhan-tin/thoi/", b"/nhan-tin/thoi/aaaaaaaa")))
    await office.hand_back(f"To: u{an[1:]}\r\n\r\n".encode())
    assert await office.states() == ["handed_over", "handed_over"]
    assert await readers(office) == {"confirmed": 2}


async def test_only_our_mail_server_hands_over(office: Office) -> None:
    an, _, _ = await sent(office)
    for token in ("", "sai", "x" * 40):
        assert (await office.hand_back(bounce(an), token=token)).status_code == 401
    bare = await office.room.client.post("/nhan-tin/thu-tra", content=bounce(an))
    assert bare.status_code == 401
    assert await office.states() == ["handed_over", "handed_over"]


HOSTILE = {
    "empty": b"",
    "bytes": bytes(range(256)) * 40,
    "auto reply": b"From: an@mot.example\r\nAuto-Submitted: auto-replied\r\nSubject: Vang mat\r\n\r\nToi di vang.\r\n",
    "nested": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)),
    "many parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000,
    "report of nothing": b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: message/delivery-status\r\n\r\n",
    "no charset": b"To: =?x-unknown?q?b-?=\r\nContent-Type: text/plain; charset=x-none\r\n\r\n\xff\xfe",
    "long header": b"To: " + b"b-" * 200_000,
    "NUL": b"To: \x00\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\x00\r\n",
}


@pytest.mark.parametrize("message", HOSTILE.values(), ids=list(HOSTILE))
def test_what_cannot_be_read_is_nothing(message: bytes) -> None:
    assert returns.read(message) is None
    assert returns.read(message, "b-xyz@" + BOUNCE_DOMAIN) is None
