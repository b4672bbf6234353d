//! `CONTENT` matching (`tables` 5.3), on whole values and on values that come in parts.
//!
//! A word is a longest run of alphanumeric characters and the marks that combine with them: an accent is no end of one.

use crate::collation;
use crate::error::Result;
use crate::properties::Value;
use crate::restriction::reader::Parts;
use crate::restriction::{
    FL_FULLSTRING, FL_IGNORECASE, FL_IGNORENONSPACE, FL_LOOSE, FL_PHRASE_MATCH, FL_PREFIX, FL_PREFIX_ON_ANY_WORD,
};
use memchr::memmem::Finder;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What is done to text before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Normal {
    fold: bool,
    strip: bool,
}

impl Normal {
    fn of(self, text: &str) -> Cow<'_, str> {
        let stripped = match self.strip && !text.is_ascii() {
            true => Cow::Owned(text.nfd().filter(|character| !is_combining_mark(*character)).collect()),
            false => Cow::Borrowed(text),
        };
        if !self.fold {
            return stripped;
        }
        match stripped {
            Cow::Borrowed(text) => collation::fold(text),
            Cow::Owned(text) => Cow::Owned(collation::fold(&text).into_owned()),
        }
    }
}

#[derive(Debug)]
enum How {
    Full,
    Prefix,
    Substring,
    AnyWord,
    /// With the words.
    Phrase(Vec<String>),
}

/// One `CONTENT` node, ready to be applied.
#[derive(Debug)]
pub(super) struct ContentTest {
    how: How,
    normal: Normal,
    needle: Vec<u8>,
    finder: Finder<'static>,
    scratch: RefCell<Vec<u8>>,
}

impl ContentTest {
    /// From a valid fuzzy level and a text or binary constant.
    pub(super) fn new(fuzzy: u32, constant: &Value) -> Self {
        let loose = fuzzy & FL_LOOSE != 0;
        let text = matches!(constant, Value::Unicode(_));
        let normal = Normal {
            fold: text && (loose || fuzzy & FL_IGNORECASE != 0),
            strip: text && (loose || fuzzy & FL_IGNORENONSPACE != 0),
        };
        let needle = match constant {
            Value::Unicode(text) => normal.of(text).into_owned().into_bytes(),
            Value::Binary(bytes) => bytes.clone(),
            _ => Vec::new(),
        };
        let level = fuzzy & 0xFFFF;
        let how = if needle.is_empty() || level & (FL_PREFIX_ON_ANY_WORD | FL_PHRASE_MATCH) == 0 {
            match level & 3 {
                FL_FULLSTRING => How::Full,
                FL_PREFIX => How::Prefix,
                _ => How::Substring,
            }
        } else if level & FL_PHRASE_MATCH != 0 {
            How::Phrase(words(&String::from_utf8_lossy(&needle)))
        } else {
            How::AnyWord
        };
        let finder = Finder::new(&needle).into_owned();
        Self { how, normal, needle, finder, scratch: RefCell::default() }
    }

    /// Whether a text at hand matches.
    pub(super) fn matches_text(&self, text: &str) -> bool {
        if text.is_ascii() && self.normal.fold {
            let mut scratch = self.scratch.borrow_mut();
            scratch.clear();
            scratch.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
            return self.matches_normal(&scratch);
        }
        self.matches_normal(self.normal.of(text).as_bytes())
    }

    /// Many texts, one behind the other, ready for [`ContentTest::find`]; `None`: they must be tested one by one.
    pub(super) fn finds_in<'a>(&self, texts: &'a str) -> Option<Cow<'a, [u8]>> {
        // All bytes in one go: `is_ascii` looks at four at a time in a component.
        let ascii = texts.bytes().fold(0, |all, byte| all | byte).is_ascii();
        if !matches!(self.how, How::Substring) || self.needle.is_empty() || !ascii {
            return None;
        }
        Some(match self.normal.fold {
            true => Cow::Owned(texts.as_bytes().to_ascii_lowercase()),
            false => Cow::Borrowed(texts.as_bytes()),
        })
    }

    /// Where the constant stands first.
    pub(super) fn find(&self, normal: &[u8]) -> Option<usize> {
        self.finder.find(normal)
    }

    /// Bytes of the constant.
    pub(super) fn length(&self) -> usize {
        self.needle.len()
    }

    /// Whether binary data at hand matches.
    pub(super) fn matches_bytes(&self, bytes: &[u8]) -> bool {
        self.matches_normal(bytes)
    }

    fn matches_normal(&self, value: &[u8]) -> bool {
        match self.how {
            How::Full => value == self.needle,
            How::Prefix => value.starts_with(&self.needle),
            How::Substring => self.finder.find(value).is_some(),
            How::AnyWord | How::Phrase(_) => {
                let mut search = Search::new(self);
                search.feed(value).unwrap_or_else(|| search.finish())
            }
        }
    }

    /// Whether a value that comes in parts matches.
    pub(super) fn matches_parts(&self, mut parts: Parts<'_>, text: bool) -> Result<bool> {
        let mut search = Search::new(self);
        while let Some(part) = parts.next()? {
            let decided = match (text, std::str::from_utf8(&part)) {
                (true, Ok(part)) => search.feed(self.normal.of(part).as_bytes()),
                _ => search.feed(&part),
            };
            if let Some(answer) = decided {
                return Ok(answer);
            }
        }
        Ok(search.finish())
    }
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || is_combining_mark(character)
}

fn words(text: &str) -> Vec<String> {
    text.split(|character: char| !is_of_word(character)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A search through normalised parts.
struct Search<'a> {
    test: &'a ContentTest,
    /// Bytes of the constant matched so far (`Full`, `Prefix`).
    matched: usize,
    /// The end of what was seen (`Substring`, `AnyWord`).
    tail: Vec<u8>,
    /// Nothing was cut off the tail's beginning yet.
    at_start: bool,
    /// The word that goes on in the next part (`Phrase`).
    word: String,
    /// The last words, as many as the phrase has.
    last: VecDeque<String>,
}

impl<'a> Search<'a> {
    fn new(test: &'a ContentTest) -> Self {
        Self { test, matched: 0, tail: Vec::new(), at_start: true, word: String::new(), last: VecDeque::new() }
    }

    /// Takes the next part; the answer, once it is certain.
    fn feed(&mut self, part: &[u8]) -> Option<bool> {
        let needle = &self.test.needle;
        match &self.test.how {
            How::Full | How::Prefix => {
                let rest = &needle[self.matched..];
                let length = rest.len().min(part.len());
                if rest[..length] != part[..length] {
                    return Some(false);
                }
                self.matched += length;
                match self.test.how {
                    How::Prefix => (self.matched == needle.len()).then_some(true),
                    _ => (part.len() > length).then_some(false),
                }
            }
            How::Substring => {
                self.tail.extend_from_slice(part);
                if self.test.finder.find(&self.tail).is_some() {
                    return Some(true);
                }
                let cut = self.tail.len().saturating_sub(needle.len().saturating_sub(1));
                self.tail.drain(..cut);
                None
            }
            How::AnyWord => {
                self.tail.extend_from_slice(part);
                if self.any_word() {
                    return Some(true);
                }
                // The character before the first place not looked at yet stays, to tell whether a word begins there.
                let mut cut = self.tail.len().saturating_sub(needle.len() + 4);
                while cut > 0 && self.tail.get(cut).is_some_and(|byte| byte & 0xC0 == 0x80) {
                    cut -= 1;
                }
                if cut > 0 {
                    self.at_start = false;
                    self.tail.drain(..cut);
                }
                None
            }
            How::Phrase(phrase) => {
                let longest = phrase.iter().map(String::len).max().unwrap_or(0);
                for character in String::from_utf8_lossy(part).chars() {
                    if is_of_word(character) {
                        // A word longer than any of the phrase is only remembered as too long.
                        if self.word.len() <= longest {
                            self.word.push(character);
                        }
                    } else if self.end_word(phrase) {
                        return Some(true);
                    }
                }
                None
            }
        }
    }

    fn any_word(&self) -> bool {
        let mut from = 0;
        while let Some(found) = self.tail.get(from..).and_then(|rest| self.test.finder.find(rest)) {
            let at = from + found;
            let begin = &self.tail[at..self.tail.len().min(at + 4)];
            let begins = String::from_utf8_lossy(begin).chars().next().is_some_and(is_of_word);
            let before = String::from_utf8_lossy(&self.tail[at.saturating_sub(4)..at]).chars().next_back();
            if begins && before.map_or(self.at_start, |before| !is_of_word(before)) {
                return true;
            }
            from = at + 1;
        }
        false
    }

    fn end_word(&mut self, phrase: &[String]) -> bool {
        if self.word.is_empty() {
            return false;
        }
        if self.last.len() == phrase.len() {
            self.last.pop_front();
        }
        self.last.push_back(std::mem::take(&mut self.word));
        !phrase.is_empty() && self.last.iter().eq(phrase)
    }

    /// The answer behind the last part.
    fn finish(mut self) -> bool {
        match &self.test.how {
            How::Full | How::Prefix => self.matched == self.test.needle.len(),
            How::Substring => self.test.needle.is_empty(),
            How::AnyWord => false,
            How::Phrase(phrase) => self.end_word(phrase),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(fuzzy: u32, needle: &str, text: &str) -> bool {
        ContentTest::new(fuzzy, &Value::Unicode(needle.into())).matches_text(text)
    }

    #[test]
    fn the_three_levels_match_as_named() {
        assert!(found(0, "abc", "abc") && !found(0, "abc", "abcd") && !found(0, "abc", "ABC"));
        assert!(found(1, "bc", "abcd") && !found(1, "BC", "abcd"));
        assert!(found(2, "ab", "abc") && !found(2, "bc", "abc"));
    }

    #[test]
    fn folding_may_change_lengths() {
        assert!(found(FL_IGNORECASE, "STRASSE", "straße"));
        assert!(found(1 | FL_IGNORECASE, "ss", "Maß!"));
        assert!(!found(FL_IGNORECASE, "e", "é"));
        assert!(found(FL_IGNORENONSPACE, "e", "é") && !found(FL_IGNORENONSPACE, "E", "é"));
        assert!(found(FL_LOOSE, "ELEVE", "élève"));
    }

    #[test]
    fn an_empty_constant_is_a_prefix_and_a_part_of_everything() {
        assert!(found(1, "", "abc") && found(2, "", "abc") && found(0, "", "") && !found(0, "", "a"));
        assert!(found(0x12, "", "abc") && found(0x21, "", "abc") && found(1, "", ""));
    }

    #[test]
    fn words_are_found_at_their_beginning_and_phrases_whole() {
        assert!(found(0x12, "wor", "hello world") && !found(0x12, "orl", "hello world"));
        assert!(found(0x12, "hello w", "say hello world") && found(0x12, "hel", "hello"));
        assert!(found(0x21, "b c", "a b, c d") && !found(0x21, "b c", "a bb c") && !found(0x21, "b c", "b x c"));
        assert!(found(0x20, "b c", "b c"));
        assert!(!found(0x20, "e", "e\u{301}") && !found(0x12, "t", "e\u{301}te\u{301}") && found(0x20, "e\u{301}", "a e\u{301}"));
    }

    proptest! {
        #[test]
        fn parts_match_like_the_whole(
            text in "[a-cA-C é ß,]{0,40}", needle in "[a-c éß]{0,4}", cuts in prop::collection::vec(1_usize..6, 0..40),
            fuzzy in prop::sample::select(vec![0_u32, 1, 2, 0x12, 0x20, 0x21]), high in 0_u32..8,
        ) {
            let test = ContentTest::new(fuzzy | high << 16, &Value::Unicode(needle));
            let mut search = Search::new(&test);
            let mut decided = None;
            let mut rest = text.chars().peekable();
            let mut cuts = cuts.into_iter();
            while decided.is_none() && rest.peek().is_some() {
                let part: String = rest.by_ref().take(cuts.next().unwrap_or(3)).collect();
                decided = search.feed(test.normal.of(&part).as_bytes());
            }
            prop_assert_eq!(decided.unwrap_or_else(|| search.finish()), test.matches_text(&text));
        }
    }
}
