//! What a server answered, and what that means for a recipient (`messages` 8.5).

use lettre::transport::smtp::response::Response;
use mapi_engine::backend::OutcomeKind;
use mapi_engine::messages::DeliveryStatus;

/// Characters of a server's words that are passed on.
const WORDS: usize = 500;

/// One reply.
#[derive(Clone, Debug)]
pub(super) struct Reply(Response);

/// What a reply is an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A recipient.
    Recipient,
    /// The sender, or the message as a whole.
    Message,
}

impl Reply {
    /// The reply in these lines, each with its CR LF; `None` for what is no reply.
    pub(super) fn parse(lines: &str) -> Option<Self> {
        lines.parse().ok().map(Self)
    }

    pub(super) fn response(&self) -> &Response {
        &self.0
    }

    pub(super) fn code(&self) -> u16 {
        self.0.code().into()
    }

    /// 2xx and 3xx.
    pub(super) fn is_positive(&self) -> bool {
        self.0.is_positive()
    }

    /// 5xx.
    pub(super) fn is_permanent(&self) -> bool {
        self.code() >= 500
    }

    /// 452 or 4.5.3: the server takes more recipients, but not in this transfer (RFC 5321, 4.5.3.1.10).
    pub(super) fn is_full(&self) -> bool {
        self.code() == 452 && self.status().is_none_or(|status| status.number() == 453)
    }

    /// The enhanced status code, if the server gave one.
    pub(super) fn status(&self) -> Option<DeliveryStatus> {
        DeliveryStatus::parse(self.0.first_word()?)
    }

    /// Code and words on one line, for people.
    pub(super) fn words(&self) -> String {
        let mut words = self.code().to_string();
        for line in self.0.message() {
            words.push(' ');
            words.push_str(line);
        }
        words.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).take(WORDS).collect()
    }

    /// The failure of a recipient this reply is the reason of.
    pub(super) fn failure(&self, asked: Asked) -> OutcomeKind {
        let status = self.status();
        let numbers = status.or_else(|| implied(self.code(), asked));
        OutcomeKind::Failed {
            reason: numbers.map_or(0, DeliveryStatus::reason),
            diagnostic: numbers.map_or(-1, DeliveryStatus::diagnostic),
            status: status.map_or(0, DeliveryStatus::number),
            text: self.words(),
        }
    }
}

/// What a server without enhanced status codes means (RFC 5321, 4.2.3).
fn implied(code: u16, asked: Asked) -> Option<DeliveryStatus> {
    let (subject, detail) = match (code, asked) {
        (550, Asked::Recipient) => (1, 1),
        (551, Asked::Recipient) => (1, 6),
        (552, Asked::Recipient) => (2, 2),
        (501 | 553, Asked::Recipient) => (1, 3),
        (552, Asked::Message) => (3, 4),
        _ => return None,
    };
    DeliveryStatus::new(5, subject, detail)
}

/// The failure of a recipient that no server was asked about.
pub(super) fn refused(subject: u16, detail: u16, text: impl Into<String>) -> OutcomeKind {
    let status = DeliveryStatus::new(5, subject, detail);
    OutcomeKind::Failed {
        reason: status.map_or(0, DeliveryStatus::reason),
        diagnostic: status.map_or(-1, DeliveryStatus::diagnostic),
        status: status.map_or(0, DeliveryStatus::number),
        text: text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(text: &str) -> Reply {
        Reply::parse(text).unwrap()
    }

    #[test]
    fn the_enhanced_code_decides_where_there_is_one() {
        let unknown = reply("550 5.1.1 <a@b>: User unknown\r\n").failure(Asked::Recipient);
        let text = "550 5.1.1 <a@b>: User unknown".to_owned();
        assert_eq!(unknown, OutcomeKind::Failed { reason: 1, diagnostic: 35, status: 511, text });
        let policy = reply("550-5.7.1 no\r\n550 5.7.1 really\r\n").failure(Asked::Recipient);
        let text = "550 5.7.1 no 5.7.1 really".to_owned();
        assert_eq!(policy, OutcomeKind::Failed { reason: 0, diagnostic: 29, status: 571, text });
    }

    #[test]
    fn an_old_server_is_understood_by_its_basic_code() {
        let numbers = |text: &str, asked| match reply(text).failure(asked) {
            OutcomeKind::Failed { reason, diagnostic, status, .. } => (reason, diagnostic, status),
            other => panic!("{other:?}"),
        };
        assert_eq!(numbers("550 no such user\r\n", Asked::Recipient), (1, 35, 0));
        assert_eq!(numbers("550 spam\r\n", Asked::Message), (0, -1, 0));
        assert_eq!(numbers("552 too large\r\n", Asked::Message), (0, 13, 0));
        assert_eq!(numbers("554 \r\n", Asked::Message), (0, -1, 0));
    }

    #[test]
    fn too_many_recipients_is_not_a_full_mailbox() {
        assert!(reply("452 4.5.3 Error: too many recipients\r\n").is_full());
        assert!(reply("452 too many recipients\r\n").is_full());
        assert!(!reply("452 4.2.2 mailbox full\r\n").is_full());
        assert!(!reply("451 4.5.3 x\r\n").is_full());
    }

    #[test]
    fn nothing_in_a_servers_words_acts_on_a_terminal() {
        let words = reply(&format!("550 \u{1b}[31m{}\r\n", "x".repeat(2000))).words();
        assert!(words.starts_with("550 \u{FFFD}[31mxxx") && words.chars().count() == WORDS, "{words}");
        assert!(Reply::parse("hello\r\n").is_none());
    }
}
