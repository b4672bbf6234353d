/**
 * Mail archives in memory: an .mbox file as its messages, each with what the file says of it besides.
 */

/** A message of an archive. */
export interface ArchivedMessage {
  /** Its RFC 5322 form. */
  bytes: Uint8Array;
  /** Whether it was read by its owner (`Status: R`). */
  seen: boolean;
  /** When it was received, by its separator line. */
  received: Date | undefined;
}

const [LF, CR, GREATER] = [0x0a, 0x0d, 0x3e];
const FROM = [0x46, 0x72, 0x6f, 0x6d, 0x20];

/** Whether `From ` stands there. */
function isFrom(bytes: Uint8Array, at: number): boolean {
  return FROM.every((byte, place) => bytes[at + place] === byte);
}

/** Whether that is an archive of several messages, by its first line. */
export function isMbox(bytes: Uint8Array): boolean {
  return isFrom(bytes, 0);
}

/** The end of a line, its line feed included. */
function lineEnd(bytes: Uint8Array, at: number): number {
  const end = bytes.indexOf(LF, at);
  return end < 0 ? bytes.length : end + 1;
}

/** The messages of an .mbox file: a separator is a line that begins with `From ` at the start or behind an empty line. */
export function* splitMbox(bytes: Uint8Array): Generator<ArchivedMessage, void, undefined> {
  if (!isMbox(bytes)) return;
  for (let separator = 0; separator < bytes.length;) {
    const start = lineEnd(bytes, separator);
    let [end, empty, next] = [bytes.length, false, bytes.length];
    let quoted = false;
    for (let at = start; at < bytes.length; at = lineEnd(bytes, at)) {
      if (empty && isFrom(bytes, at)) { [end, next] = [at, at]; break; }
      quoted ||= bytes[at] === GREATER;
      empty = bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF);
    }
    // The empty line before a separator belongs to the archive.
    if (next < bytes.length) end -= bytes[end - 2] === CR ? 2 : 1;
    const message = bytes.subarray(start, end);
    yield { bytes: quoted ? unquoted(message) : message, seen: isSeen(message), received: receivedAt(bytes.subarray(separator, start)) };
    separator = next;
  }
}

/** Lines that were quoted because they begin with `From ` lose one `>`. */
function unquoted(message: Uint8Array): Uint8Array {
  const kept = new Uint8Array(message.length);
  let length = 0;
  for (let at = 0; at < message.length;) {
    const end = lineEnd(message, at);
    let text = at;
    while (message[text] === GREATER) text++;
    if (text > at && isFrom(message, text)) at++;
    kept.set(message.subarray(at, end), length);
    length += end - at;
    at = end;
  }
  return kept.subarray(0, length);
}

/** Whether a Status field says that the message was read. */
function isSeen(message: Uint8Array): boolean {
  for (let at = 0; at < message.length;) {
    const end = lineEnd(message, at);
    if (message[at] === LF || message[at] === CR) return false;
    // Fields that long are never a status.
    if (end - at < 80) {
      const status = /^Status:\s*(\w*)/i.exec(new TextDecoder('latin1').decode(message.subarray(at, end)));
      if (status) return status[1]?.includes('R') ?? false;
    }
    at = end;
  }
  return false;
}

/** The date of a separator line, `From address Thu Jan  1 00:00:00 2004`. */
function receivedAt(line: Uint8Array): Date | undefined {
  const text = new TextDecoder('latin1').decode(line.subarray(0, 400));
  const found = /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s+([A-Z][a-z]{2})\s+(\d+)\s+([\d:]+)\s+(\d{4})/.exec(text);
  const date = found && new Date(`${found[2]} ${found[1]} ${found[4]} ${found[3]} UTC`);
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
}
