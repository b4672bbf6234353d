//! The envelope line that begins a message of an mbox: `From sender date`.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// What an envelope line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Envelope {
    /// The sender, as written.
    pub(super) sender: Option<String>,
    /// Seconds since 1970-01-01 UTC.
    pub(super) date: Option<i64>,
    /// Whether the line is `From sender Www Mmm dd hh:mm:ss yyyy` with nothing left out.
    pub(super) complete: bool,
}

/// Reads an envelope line; `None` when it does not begin with `From `.
pub(super) fn parse(line: &[u8]) -> Option<Envelope> {
    let rest = String::from_utf8_lossy(line.strip_prefix(b"From ")?).into_owned();
    let words: Vec<&str> = rest.split_whitespace().collect();
    let weekday =
        words.iter().position(|word| ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&word.trim_end_matches(',')));
    let sender = &words[..weekday.unwrap_or(words.len().min(1))];
    let date_words = &words[weekday.map_or(sender.len(), |at| at + 1).min(words.len())..];
    let date = date(date_words);
    Some(Envelope {
        sender: (!sender.is_empty()).then(|| sender.join(" ")),
        complete: weekday.is_some_and(|at| at > 0) && date.is_some(),
        date,
    })
}

/// Month, day, time, year and a zone, in whatever order they come.
fn date(words: &[&str]) -> Option<i64> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (mut month, mut day, mut time, mut year, mut offset) = (None, None, None, None, Offset::UTC);
    for word in words {
        let lower = word.trim_matches(',').to_ascii_lowercase();
        if let Some(at) = MONTHS.iter().position(|name| *name == lower) {
            month = i8::try_from(at + 1).ok();
        } else if lower.contains(':') && time.is_none() {
            let mut parts = lower.split(':').map(|part| part.parse::<i8>().ok());
            time = Some((parts.next()??, parts.next()??, parts.next().flatten().unwrap_or(0)));
        } else if let Some(sign) = lower.strip_prefix(['+', '-']).filter(|digits| digits.len() == 4) {
            let digits: i32 = sign.parse().ok()?;
            let seconds = (digits / 100 * 60 + digits % 100) * 60;
            offset = Offset::from_seconds(if lower.starts_with('-') { -seconds } else { seconds }).ok()?;
        } else if let Ok(number) = lower.parse::<i16>() {
            if lower.len() == 4 {
                year = Some(number);
            } else if day.is_none() {
                day = i8::try_from(number).ok();
            }
        }
    }
    let (hour, minute, second) = time?;
    let moment = DateTime::new(year?, month?, day?, hour, minute, second.min(59), 0).ok()?;
    Some(moment.to_zoned(TimeZone::fixed(offset)).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_lines_of_all_writers_are_read() {
        for (line, sender, date) in [
            ("From list@archive Fri Apr 26 21:57:56 2019", "list@archive", Some(1_556_315_876)),
            ("From - Fri Apr 26 21:57:56 2019\r", "-", Some(1_556_315_876)),
            ("From a at b.c  Fri Apr 26 23:57:56 2019 +0200", "a at b.c", Some(1_556_315_876)),
            ("From x@y Fri, 26 Apr 2019 21:57 +0000 (UTC)", "x@y", Some(1_556_315_820)),
            ("From x@y", "x@y", None),
        ] {
            let envelope = parse(line.as_bytes()).unwrap();
            assert_eq!((envelope.sender.as_deref(), envelope.date), (Some(sender), date), "{line}");
            assert_eq!(envelope.complete, date.is_some());
        }
        assert_eq!(parse(b"From"), None);
        assert!(!parse(b"From now on, Monday or Tue, we meet").unwrap().complete);
    }
}
