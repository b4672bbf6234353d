//! Enhanced status codes (RFC 3463), and the reason and diagnostic numbers of reports made from them
//! (`messages` 8.5).

/// An enhanced status code x.y.z: class, subject, detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryStatus {
    class: u8,
    subject: u16,
    detail: u16,
}

impl DeliveryStatus {
    /// The code x.y.z; `None` for a class that does not exist (2, 4 and 5 do) or a part of more than three
    /// digits.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Option<Self> {
        if matches!(class, 2 | 4 | 5) && subject < 1000 && detail < 1000 { Some(Self { class, subject, detail }) } else { None }
    }

    /// Parses `5.1.1`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str| -> Option<u16> {
            let well_formed = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            if well_formed { part.parse().ok() } else { None }
        };
        let mut parts = text.split('.');
        let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        Self::new(u8::try_from(digits(class)?).ok()?, digits(subject)?, digits(detail)?)
    }

    /// Whether the class is 5: the failure is for good.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        self.class == 5
    }

    /// `PR_NDR_STATUS_CODE`: 100x + 10y + z.
    #[must_use]
    pub fn number(self) -> i32 {
        100 * i32::from(self.class) + 10 * i32::from(self.subject) + i32::from(self.detail)
    }

    /// `PR_NDR_REASON_CODE`.
    #[must_use]
    pub const fn reason(self) -> i32 {
        match (self.subject, self.detail) {
            (1, 1) => 1,
            (4, 3) => 6,
            (6, 5) => 2,
            _ => 0,
        }
    }

    /// `PR_NDR_DIAG_CODE`.
    #[must_use]
    pub const fn diagnostic(self) -> i32 {
        match (self.subject, self.detail) {
            (1, 1) => 35,
            (1, 2) => 48,
            (1, 3) => 32,
            (1, 4) => 1,
            (1, 6) => 40,
            (1, _) => 0,
            (2, 2 | 3) | (3, 4) => 13,
            (2, 4) => 30,
            (3, 3 | 5) => 18,
            (3, 2) | (4, 0 | 3 | 4) | (6, 5) => -1,
            (2 | 3, _) => 38,
            (4, 6 | 8) => 3,
            (4, 7) => 5,
            (4, _) => 2,
            (5, 3) => 16,
            (5, 4) => 11,
            (5, _) => 17,
            (6, 2) => 9,
            (6, 3) => 8,
            (6, 4) => 25,
            (6, _) => 15,
            (7, 1) => 29,
            (7, 2) => 28,
            (7, 3) => 26,
            (7, _) => 46,
            _ => -1,
        }
    }
}

impl core::fmt::Display for DeliveryStatus {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_table() {
        for (code, number, reason, diagnostic) in [
            ("5.1.1", 511, 1, 35),
            ("5.1.2", 512, 0, 48),
            ("5.1.3", 513, 0, 32),
            ("5.1.10", 520, 0, 0),
            ("5.2.2", 522, 0, 13),
            ("4.2.1", 421, 0, 38),
            ("5.3.4", 534, 0, 13),
            ("5.3.2", 532, 0, -1),
            ("5.4.3", 543, 6, -1),
            ("4.4.1", 441, 0, 2),
            ("4.4.7", 447, 0, 5),
            ("5.5.3", 553, 0, 16),
            ("5.6.5", 565, 2, -1),
            ("5.6.7", 567, 0, 15),
            ("5.7.1", 571, 0, 29),
            ("5.7.26", 596, 0, 46),
            ("5.0.0", 500, 0, -1),
        ] {
            let status = DeliveryStatus::parse(code).unwrap();
            assert_eq!((status.number(), status.reason(), status.diagnostic()), (number, reason, diagnostic), "{code}");
            assert_eq!(status.to_string(), code);
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in ["", "5", "5.1", "5.1.1.1", "3.1.1", "5.1.1000", "5.+1.1", "5..1", "a.b.c", "5.1.1x"] {
            assert_eq!(DeliveryStatus::parse(text), None, "{text:?}");
        }
        assert!(DeliveryStatus::parse("5.1.1").unwrap().is_permanent());
        assert!(!DeliveryStatus::parse("4.2.2").unwrap().is_permanent());
    }
}
