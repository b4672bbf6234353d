//! What is odd about a message: typed, so that an import can report it.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// Something in a message that is not as the standards want it, and was read as well as it could be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// There is nothing in it.
    Empty,
    /// No `Date` field.
    MissingDate,
    /// A `Date` that is no date.
    BadDate,
    /// Neither `From` nor `Sender`.
    MissingSender,
    /// No `Message-ID`.
    MissingMessageId,
    /// An address field with something that is no address.
    BadAddress,
    /// Header and body are not separated by an empty line.
    MissingSeparator,
    /// The header block, or one line of it, is too large and was cut.
    HeaderTooLarge,
    /// 8-bit characters in the header that are not encoded.
    RawEightBitHeader,
    /// A character set nobody knows.
    UnknownCharset(String),
    /// A Content-Transfer-Encoding nobody knows; the bytes were kept as they are.
    UnknownTransferEncoding(String),
    /// Damaged base64, quoted-printable or uuencoded data.
    DamagedTransferEncoding,
    /// A multipart without a boundary parameter.
    MissingBoundary,
    /// A multipart whose boundary never occurs.
    BoundaryNotFound,
    /// A multipart that is not closed.
    UnclosedMultipart,
    /// Parts nested deeper than the limit; the innermost became plain attachments.
    TooDeep,
    /// More parts than the limit; the rest was left out.
    TooManyParts,
    /// More recipients than the limit; the rest was left out.
    TooManyRecipients,
    /// A NUL character in a text, left out.
    NulInText,
    /// The store takes no more property names; some header fields were left out.
    NamedPropertiesFull,
}

impl Oddity {
    /// A short name for reports, the same for all oddities of a kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "empty message",
            Self::MissingDate => "no Date field",
            Self::BadDate => "unreadable Date field",
            Self::MissingSender => "no From field",
            Self::MissingMessageId => "no Message-ID field",
            Self::BadAddress => "unreadable address",
            Self::MissingSeparator => "no empty line between header and body",
            Self::HeaderTooLarge => "header too large, cut",
            Self::RawEightBitHeader => "unencoded 8-bit characters in the header",
            Self::UnknownCharset(_) => "unknown character set",
            Self::UnknownTransferEncoding(_) => "unknown transfer encoding",
            Self::DamagedTransferEncoding => "damaged transfer encoding",
            Self::MissingBoundary => "multipart without a boundary parameter",
            Self::BoundaryNotFound => "multipart whose boundary never occurs",
            Self::UnclosedMultipart => "multipart that is not closed",
            Self::TooDeep => "parts nested too deep",
            Self::TooManyParts => "too many parts, some left out",
            Self::TooManyRecipients => "too many recipients, some left out",
            Self::NulInText => "NUL characters in a text",
            Self::NamedPropertiesFull => "header fields left out, the store takes no more names",
        }
    }

    /// What it was, with what it was about.
    #[must_use]
    pub fn describe(&self) -> Cow<'static, str> {
        match self {
            Self::UnknownCharset(name) | Self::UnknownTransferEncoding(name) => format!("{} “{name}”", self.kind()).into(),
            other => other.kind().into(),
        }
    }
}

/// The oddities of one message, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oddities(BTreeSet<Oddity>);

impl Oddities {
    /// How many different ones are kept; a hostile message can name character sets without end.
    const LIMIT: usize = 64;

    pub(super) fn add(&mut self, oddity: Oddity) {
        let oddity = match oddity {
            Oddity::UnknownCharset(name) => Oddity::UnknownCharset(shortened(name)),
            Oddity::UnknownTransferEncoding(name) => Oddity::UnknownTransferEncoding(shortened(name)),
            other => other,
        };
        if self.0.len() < Self::LIMIT {
            self.0.insert(oddity);
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Oddity> {
        self.0.iter()
    }
}

fn shortened(name: String) -> String {
    if name.chars().count() <= 40 { name } else { name.chars().take(40).collect() }
}
