//! A message on its way through `DATA` (RFC 5321, 4.5.2): leading dots doubled, line ends CR LF.
//!
//! A lone CR or LF becomes CR LF. Servers disagree about what a lone one means, and what one takes for the
//! end of the message and the next does not would let a message smuggle in another one.

/// What was written last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// A line end, or nothing yet.
    LineEnd,
    /// A CR that may be the first half of a line end.
    Cr,
    /// Anything else.
    Text,
}

/// Turns a message, piece by piece, into what follows `DATA`.
#[derive(Debug)]
pub(super) struct Body(Last);

impl Body {
    pub(super) const fn new() -> Self {
        Self(Last::LineEnd)
    }

    /// Appends the form of the next bytes to `out`.
    pub(super) fn encode(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.reserve(bytes.len() + bytes.len() / 32 + 2);
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            match (self.0, first) {
                (Last::Cr, b'\n') => {
                    out.extend_from_slice(b"\r\n");
                    self.0 = Last::LineEnd;
                    rest = &rest[1..];
                    continue;
                }
                (Last::Cr, _) => {
                    out.extend_from_slice(b"\r\n");
                    self.0 = Last::LineEnd;
                }
                _ => {}
            }
            match first {
                b'\r' => {
                    self.0 = Last::Cr;
                    rest = &rest[1..];
                }
                b'\n' => {
                    out.extend_from_slice(b"\r\n");
                    self.0 = Last::LineEnd;
                    rest = &rest[1..];
                }
                _ => {
                    if first == b'.' && self.0 == Last::LineEnd {
                        out.push(b'.');
                    }
                    let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                    out.extend_from_slice(&rest[..end]);
                    self.0 = Last::Text;
                    rest = &rest[end..];
                }
            }
        }
    }

    /// Appends the end: of the last line, if it has none, and of the message.
    pub(super) fn end(self, out: &mut Vec<u8>) {
        if self.0 != Last::LineEnd {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut body, mut out) = (Body::new(), Vec::new());
        for piece in pieces {
            body.encode(piece, &mut out);
        }
        body.end(&mut out);
        out
    }

    #[test]
    fn leading_dots_are_doubled_and_the_end_is_a_dot_alone() {
        assert_eq!(encoded(&[b"a\r\n.b\r\n..\r\n.\r\nc.d\r\n"]), b"a\r\n..b\r\n...\r\n..\r\nc.d\r\n.\r\n");
        assert_eq!(encoded(&[b".", b".x"]), b"...x\r\n.\r\n");
        assert_eq!(encoded(&[b"a\r\n", b".\r\n"]), b"a\r\n..\r\n.\r\n");
        assert_eq!(encoded(&[]), b".\r\n");
    }

    #[test]
    fn lone_line_ends_are_made_whole() {
        assert_eq!(encoded(&[b"a\n.\nb\r.\rc"]), b"a\r\n..\r\nb\r\n..\r\nc\r\n.\r\n");
        assert_eq!(encoded(&[b"a\r", b"\nb\r", b"c\r"]), b"a\r\nb\r\nc\r\n.\r\n");
        assert_eq!(encoded(&[b"a\n\r\n\r\r\n"]), b"a\r\n\r\n\r\n\r\n.\r\n");
    }

    /// What a server makes of it (RFC 5321, 4.5.2), or nothing where the end stands too early or nowhere.
    fn decoded(sent: &[u8]) -> Option<Vec<u8>> {
        let text = sent.strip_suffix(b"\r\n")?;
        let lines: Vec<&[u8]> = split_lines(text);
        let (last, lines) = lines.split_last()?;
        if *last != b"." || lines.contains(&&b"."[..]) {
            return None;
        }
        Some(lines.iter().flat_map(|line| [line.strip_prefix(b".").unwrap_or(line), b"\r\n"].concat()).collect())
    }

    fn split_lines(text: &[u8]) -> Vec<&[u8]> {
        let mut lines = vec![];
        let mut rest = text;
        while let Some(at) = rest.windows(2).position(|pair| pair == b"\r\n") {
            lines.push(&rest[..at]);
            rest = &rest[at + 2..];
        }
        lines.push(rest);
        lines
    }

    /// The message with every kind of line end as CR LF, the last line ended.
    fn normal(message: &[u8]) -> Vec<u8> {
        let text = String::from_utf8(message.to_vec()).unwrap().replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
        if text.is_empty() || text.ends_with("\r\n") { text.into_bytes() } else { format!("{text}\r\n").into_bytes() }
    }

    proptest! {
        #[test]
        fn a_server_reads_what_was_meant_however_it_was_cut(message in "[.a\r\n]{0,40}", cuts in proptest::collection::vec(0_usize..40, 0..6)) {
            let message = message.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(message.len())).collect();
            cuts.extend([0, message.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &message[pair[0]..pair[1]]).collect();
            let sent = encoded(&pieces);
            prop_assert_eq!(decoded(&sent), Some(normal(message)));
            prop_assert_eq!(sent, encoded(&[message]));
        }
    }
}
