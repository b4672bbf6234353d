#!/usr/bin/env python3
"""What Python's email package reads from an mbox, one JSON object a line.

usage: compare_mbox.py ARCHIVE   (mboxrd; plain, .gz or .xz)

Only the standard library. The mbox is split and unquoted as mboxrd, then each message is parsed with the
modern policy. Bodies are told apart from attachments by the rule of the MIME mapping: the first text/plain
and the text/html beside it in one multipart/alternative (or alone) are bodies, further texts of an
alternative are dropped, every other leaf is an attachment.
"""
import email
import email.policy
import email.utils
import gzip
import json
import lzma
import re
import sys

QUOTED = re.compile(rb"(?m)^>(>*From )")


def messages(path):
    opener = {b"\xfd7zXZ": lzma.open, b"\x1f\x8b": gzip.open}
    with open(path, "rb") as file:
        head = file.read(5)
    for magic, compressed in opener.items():
        if head.startswith(magic):
            break
    else:
        compressed = open
    current, separated = None, True
    with compressed(path, "rb") as file:
        for line in file:
            if separated and line.startswith(b"From "):
                if current is not None:
                    yield finish(current)
                current = []
                continue
            separated = line in (b"\n", b"\r\n")
            if current is not None:
                current.append(line)
    if current is not None:
        yield finish(current)


def finish(lines):
    if lines and lines[-1] in (b"\n", b"\r\n"):
        lines.pop()
    return QUOTED.sub(rb"\1", b"".join(lines))


def mailboxes(message, field):
    found = []
    for header in message.get_all(field, []):
        for address in header.addresses:
            found.append([address.display_name or address.addr_spec, address.addr_spec])
    return found


def leaves(part, alternative=None, direct=False, related=False):
    """Every part without parts of its own, with the multipart/alternative around it."""
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        kind = part.get_content_subtype()
        inner = part if kind == "alternative" else alternative
        for position, sub in enumerate(part.get_payload()):
            yield from leaves(sub, inner, kind == "alternative", kind == "related" and position > 0)
    else:
        yield part, alternative, direct, related


def attachments(message):
    plain = html = None
    found = []
    for part, alternative, direct, related in leaves(message):
        kind = part.get_content_type()
        inline = part.get_content_disposition() != "attachment"
        if inline and not related and kind in ("text/plain", "text/html"):
            where = (id(alternative) if alternative is not None else None,)
            other = html if kind == "text/plain" else plain
            taken = plain if kind == "text/plain" else html
            if taken is None and (other is None or (other == where and where != (None,))):
                if kind == "text/plain":
                    plain = where
                else:
                    html = where
                continue
        if direct and inline and kind.startswith("text/"):
            continue
        content = None if part.is_multipart() else part.get_payload(decode=True)
        found.append([part.get_filename(), None if content is None else len(content), kind])
    return found


def first_date(message):
    text = message.get("date")
    if text is None:
        return None
    parsed = email.utils.parsedate_tz(str(text))
    return None if parsed is None else email.utils.mktime_tz(parsed)


def main(path):
    for raw in messages(path):
        message = email.message_from_bytes(raw, policy=email.policy.default)
        text = lambda field: None if message.get(field) is None else str(message.get(field)).strip()
        print(json.dumps({
            "id": text("message-id"),
            "subject": text("subject"),
            "date": first_date(message),
            "from": mailboxes(message, "from"),
            "sender": mailboxes(message, "sender"),
            "to": mailboxes(message, "to"),
            "cc": mailboxes(message, "cc"),
            "attachments": attachments(message),
            "size": len(raw),
        }))


if __name__ == "__main__":
    main(sys.argv[1])
