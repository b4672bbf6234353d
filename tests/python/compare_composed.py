#!/usr/bin/env python3
"""What Python's email package reads differently in two mboxes of the same messages, one JSON object a line.

usage: compare_composed.py RECEIVED COMPOSED [EVERY]   (mboxrd; plain, .gz or .xz)

The second holds the messages of the first composed anew from what was stored of them, or every EVERY-th of
them only. Compared are all header fields outside the MIME structure, the structure, file names, and the
decoded content of every part. The structure may differ where the mapping says so; how often each rule was
needed is the last line:

- signed: a multipart/signed inside another part is laid flat, because its signature holds for bytes that
  are no longer there;
- alternative: a body that is HTML only gets a plain text beside it.
"""
import email
import email.header
import email.policy
import json
import re
import sys

from compare_mbox import messages

STRUCTURAL = re.compile(r"(?i)^(content-.*|mime-version)$")


def structure(part):
    if part.is_multipart():
        return [part.get_content_type(), [structure(sub) for sub in part.get_payload()]]
    return part.get_content_type()


def flat(tree):
    """The structure without multipart/signed, and whether there was one."""
    if isinstance(tree, str):
        return tree, False
    kind, parts = tree
    found, laid = False, []
    for part in parts:
        part, inner = flat(part)
        found |= inner
        if not isinstance(part, str) and part[0] == "multipart/signed":
            laid += part[1]
            found = True
        else:
            laid.append(part)
    return [kind, laid], found


def with_plain(tree):
    """The structure with a plain text beside the HTML of a body that has none."""
    alternative = ["multipart/alternative", ["text/plain", "text/html"]]
    if tree == "text/html":
        return alternative
    if not isinstance(tree, str) and tree[0] != "multipart/alternative" and tree[1] and tree[1][0] == "text/html":
        return [tree[0], [alternative] + tree[1][1:]]
    return tree


def text_of(payload, charset):
    charset = (charset or "us-ascii").lower()
    if charset in ("us-ascii", "ascii"):
        try:
            return payload.decode("utf-8")
        except UnicodeDecodeError:
            charset = "windows-1252"
    if charset == "iso-8859-1":
        charset = "windows-1252"
    try:
        return payload.decode(charset, "replace")
    except LookupError:
        return payload.decode("latin-1")


def leaves(part):
    if part.is_multipart():
        for sub in part.get_payload():
            yield from leaves(sub)
    else:
        yield part


def content(part):
    payload = part.get_payload(decode=True) or b""
    if part.get_content_maintype() == "text":
        return text_of(payload, part.get_content_charset()).replace("\r\n", "\n").replace("\0", "")
    return payload.hex()


def fields(message):
    found = {}
    for name, value in message.raw_items():
        if not STRUCTURAL.match(name):
            text = str(value).replace("\r\n", "").replace("\n", "").strip()
            found.setdefault(name.lower(), []).append(text)
    return found


def decoded(values):
    """Encoded words and raw 8-bit characters read as text."""
    texts = []
    for value in values:
        raw = value.encode("utf-8", "surrogateescape")
        text = text_of(raw, None)
        texts.append(str(email.header.make_header(email.header.decode_header(text))))
    return texts


def compare(received, composed, rules):
    differences = {}
    ours, theirs = fields(composed), fields(received)
    for name in sorted(set(ours) | set(theirs)):
        mine, yours = ours.get(name), theirs.get(name)
        if mine != yours and (mine is None or yours is None or decoded(mine) != decoded(yours)):
            differences[name] = [yours, mine]
    expected = structure(received)
    actual = structure(composed)
    if expected != actual:
        expected, signed = flat(expected)
        added = expected != actual
        if added:
            expected = with_plain(expected)
        if expected != actual:
            differences["structure"] = [structure(received), actual]
            return differences
        rules["signed"] += signed
        rules["alternative"] += added
    parts = list(leaves(composed))
    if expected != structure(received) and len(parts) > len(list(leaves(received))):
        # The plain text that was added.
        parts = [part for part in parts if part is not parts[0]]
    for before, after in zip(leaves(received), parts):
        if content(before) != content(after):
            differences["content " + before.get_content_type()] = [content(before)[:300], content(after)[:300]]
        if before.get_filename() != after.get_filename():
            differences["filename"] = [before.get_filename(), after.get_filename()]
    return differences


def main(received, composed, every=1):
    rules = {"signed": 0, "alternative": 0}
    theirs = (raw for number, raw in enumerate(messages(received)) if number % every == 0)
    ours = messages(composed)
    count = 0
    for raw in theirs:
        other = next(ours, None)
        if other is None:
            print(json.dumps({"id": "", "differences": {"count": [count, "fewer messages"]}}))
            break
        before, after = (email.message_from_bytes(one, policy=email.policy.compat32) for one in (raw, other))
        differences = compare(before, after, rules)
        if differences:
            print(json.dumps({"id": str(before.get("message-id")).strip(), "differences": differences}))
        count += 1
    if next(ours, None) is not None:
        print(json.dumps({"id": "", "differences": {"count": [count, "more messages"]}}))
    print(json.dumps({"count": count, "rules": rules}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1)
