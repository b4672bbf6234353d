//! The grammar of the module documentation, by recursive descent with a depth limit.

use super::lexer::{Placed, Token, lex};
use super::names::{parse_property, suggestions};
use super::{ExpressionError, property_name};
use mapi_engine::properties::{FileTime, Guid, PropTag, PropType, Property, Value, tags};
use mapi_engine::restriction::{BitRelation, Relop, Restriction};

/// `tables` 5.2: deeper trees are refused by the engine anyway.
const MAX_DEPTH: usize = 64;

const FL_SUBSTRING: u32 = 0x1;
const FL_PREFIX: u32 = 0x2;
const FL_PREFIX_ON_ANY_WORD: u32 = 0x10;
const FL_PHRASE_MATCH: u32 = 0x20;
const FL_IGNORECASE: u32 = 0x0001_0000;
const FL_IGNORENONSPACE: u32 = 0x0002_0000;

pub(super) fn parse(text: &str) -> Result<Restriction, ExpressionError> {
    let tokens = lex(text)?;
    let mut parser = Parser { tokens: &tokens, next: 0, end: text.chars().count(), depth: 0 };
    let restriction = parser.expression()?;
    match parser.peek() {
        None => Ok(restriction),
        Some(extra) => Err(ExpressionError::new(extra.column, "expected \"and\", \"or\" or the end here")),
    }
}

struct Parser<'a> {
    tokens: &'a [Placed],
    next: usize,
    end: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Placed> {
        self.tokens.get(self.next)
    }

    fn column(&self) -> usize {
        self.peek().map_or(self.end, |placed| placed.column)
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, ExpressionError> {
        Err(ExpressionError::new(self.column(), message))
    }

    fn word(&self) -> Option<String> {
        match self.peek() {
            Some(Placed { token: Token::Word(word), .. }) => Some(word.to_ascii_lowercase()),
            _ => None,
        }
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = self.word().as_deref() == Some(word);
        self.next += usize::from(found);
        found
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Some(Placed { token: Token::Symbol(found), .. }) if *found == symbol);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), ExpressionError> {
        if self.accept(symbol) { Ok(()) } else { self.error(format!("expected \"{symbol}\" here")) }
    }

    /// Whether the word after the next one is that symbol: tells `size(…)` from the property `size`.
    fn followed_by(&self, symbol: &str) -> bool {
        matches!(self.tokens.get(self.next + 1), Some(Placed { token: Token::Symbol(found), .. }) if *found == symbol)
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, ExpressionError>) -> Result<T, ExpressionError> {
        if self.depth == MAX_DEPTH {
            return self.error(format!("more than {MAX_DEPTH} levels of nesting; write it with fewer parentheses"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn expression(&mut self) -> Result<Restriction, ExpressionError> {
        let mut parts = vec![self.conjunction()?];
        while self.accept_word("or") {
            parts.push(self.conjunction()?);
        }
        Ok(one_or(parts, Restriction::Or))
    }

    fn conjunction(&mut self) -> Result<Restriction, ExpressionError> {
        let mut parts = vec![self.negation()?];
        while self.accept_word("and") {
            parts.push(self.negation()?);
        }
        Ok(one_or(parts, Restriction::And))
    }

    fn negation(&mut self) -> Result<Restriction, ExpressionError> {
        if self.accept_word("not") {
            return Ok(Restriction::Not(Box::new(self.deeper(Self::negation)?)));
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Restriction, ExpressionError> {
        if self.accept("(") {
            let inner = self.deeper(Self::expression)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.followed_by("(") {
            match self.word().as_deref() {
                Some("exists") => return self.exists(),
                Some("size") => return self.size(),
                Some("count") => return self.count(),
                Some("any") => return self.any(),
                _ => {}
            }
        }
        self.test()
    }

    fn exists(&mut self) -> Result<Restriction, ExpressionError> {
        self.next += 1;
        self.expect("(")?;
        let tag = self.property()?;
        self.expect(")")?;
        Ok(Restriction::Exist { tag })
    }

    fn size(&mut self) -> Result<Restriction, ExpressionError> {
        self.next += 1;
        self.expect("(")?;
        let tag = self.property()?;
        self.expect(")")?;
        let relop = self.relation()?;
        let size = self.unsigned()?;
        Ok(Restriction::Size { relop, tag, size })
    }

    fn count(&mut self) -> Result<Restriction, ExpressionError> {
        self.next += 1;
        self.expect("(")?;
        let count = self.unsigned()?;
        self.expect(",")?;
        let child = Box::new(self.deeper(Self::expression)?);
        self.expect(")")?;
        Ok(Restriction::Count { count, child })
    }

    fn any(&mut self) -> Result<Restriction, ExpressionError> {
        self.next += 1;
        self.expect("(")?;
        let subobject = match self.word().as_deref() {
            Some("recipients") => tags::MESSAGE_RECIPIENTS,
            Some("attachments") => tags::MESSAGE_ATTACHMENTS,
            _ => return self.error("expected \"recipients\" or \"attachments\" here"),
        };
        self.next += 1;
        self.expect(",")?;
        let child = Box::new(self.deeper(Self::expression)?);
        self.expect(")")?;
        Ok(Restriction::SubRestriction { subobject, child })
    }

    fn property(&mut self) -> Result<PropTag, ExpressionError> {
        let name = match self.peek() {
            Some(Placed { token: Token::Word(word), .. }) => word.clone(),
            Some(Placed { token: Token::Number(number), .. }) => format!("0x{number:08X}"),
            _ => return self.error("expected a property here, such as subject, PR_SENDER_NAME or 0x0037001F"),
        };
        let Some(tag) = parse_property(&name) else {
            let close = suggestions(&name);
            let hint = if close.is_empty() { String::new() } else { format!("; did you mean {}?", close.join(" or ")) };
            return self.error(format!("there is no property \"{name}\"{hint}"));
        };
        self.next += 1;
        Ok(tag)
    }

    fn relation(&mut self) -> Result<Relop, ExpressionError> {
        for (symbol, relop) in
            [("=", Relop::Eq), ("!=", Relop::Ne), ("<=", Relop::Le), (">=", Relop::Ge), ("<", Relop::Lt), (">", Relop::Gt)]
        {
            if self.accept(symbol) {
                return Ok(relop);
            }
        }
        self.error("expected =, !=, <, <=, > or >= here")
    }

    fn unsigned(&mut self) -> Result<u32, ExpressionError> {
        match self.peek() {
            Some(Placed { token: Token::Number(number), .. }) => match u32::try_from(*number) {
                Ok(number) => {
                    self.next += 1;
                    Ok(number)
                }
                Err(_) => self.error("expected a number from 0 to 4294967295 here"),
            },
            _ => self.error("expected a number here"),
        }
    }

    fn test(&mut self) -> Result<Restriction, ExpressionError> {
        let tag = self.property()?;
        let column = self.column();
        match self.word().as_deref() {
            Some(how @ ("contains" | "begins" | "equals")) => {
                let mut fuzzy = match how {
                    "contains" => FL_SUBSTRING,
                    "begins" => FL_PREFIX,
                    _ => 0,
                };
                self.next += 1;
                fuzzy |= self.modifiers()?;
                if !(tag.kind().is_string() || tag.kind().base() == PropType::BINARY) {
                    return Err(ExpressionError::new(
                        column,
                        format!("{} is neither text nor binary; use a relation such as =", property_name(tag)),
                    ));
                }
                let value = self.value(tag)?;
                Ok(Restriction::Content { fuzzy, tag, value })
            }
            Some(relation @ ("has" | "lacks")) => {
                self.next += 1;
                if tag.kind() != PropType::LONG {
                    return Err(ExpressionError::new(column, format!("{} has no bits to test", property_name(tag))));
                }
                let relation = if relation == "has" { BitRelation::Nez } else { BitRelation::Eqz };
                Ok(Restriction::Bitmask { relation, tag, mask: self.unsigned()? })
            }
            _ => {
                let Ok(relop) = self.relation() else {
                    return self.error("expected a test here: =, !=, <, <=, >, >=, contains, begins, equals, has or lacks");
                };
                let names_property = matches!(self.peek(), Some(Placed { token: Token::Word(word), .. }) if !matches!(&*word.to_ascii_lowercase(), "true" | "false"));
                if names_property {
                    return Ok(Restriction::CompareProps { relop, left: tag, right: self.property()? });
                }
                let value = self.value(tag)?;
                Ok(Restriction::Property { relop, tag, value })
            }
        }
    }

    fn modifiers(&mut self) -> Result<u32, ExpressionError> {
        let mut bits = FL_IGNORECASE;
        if !self.accept("[") {
            return Ok(bits);
        }
        loop {
            match self.word().as_deref() {
                Some("case") => bits &= !FL_IGNORECASE,
                Some("nonspace") => bits |= FL_IGNORENONSPACE,
                Some("word") => bits |= FL_PREFIX_ON_ANY_WORD,
                Some("phrase") => bits |= FL_PHRASE_MATCH,
                _ => return self.error("expected case, nonspace, word or phrase here"),
            }
            self.next += 1;
            if !self.accept(",") {
                break;
            }
        }
        self.expect("]")?;
        Ok(bits)
    }

    /// A constant of the type the property has; a multi-valued property takes the type of its elements.
    fn value(&mut self, tag: PropTag) -> Result<Property, ExpressionError> {
        let kind = tag.kind().base();
        let Some(placed) = self.peek() else {
            return self.error("expected a value here");
        };
        let value = match (&placed.token, kind) {
            (Token::Text(text), PropType::UNICODE | PropType::STRING8) => Value::Unicode(text.clone()),
            (Token::Text(text), PropType::SYSTIME) => match super::lexer::date(text) {
                Some(time) => Value::SysTime(time),
                None => return self.error("expected a date such as 2024-05-31 here"),
            },
            (Token::Date(time), PropType::SYSTIME) => Value::SysTime(*time),
            (Token::Number(ticks), PropType::SYSTIME) if *ticks >= 0 => Value::SysTime(FileTime(ticks.cast_unsigned())),
            (Token::Word(word), PropType::BOOLEAN) => Value::Boolean(word.eq_ignore_ascii_case("true")),
            (Token::Number(n @ (0 | 1)), PropType::BOOLEAN) => Value::Boolean(*n == 1),
            (Token::Number(n), PropType::LONG) => match i32::try_from(*n).or_else(|_| u32::try_from(*n).map(u32::cast_signed)) {
                Ok(n) => Value::Long(n),
                Err(_) => return self.error("this number does not fit into 32 bits"),
            },
            (Token::Number(n), PropType::I2) => match i16::try_from(*n) {
                Ok(n) => Value::I2(n),
                Err(_) => return self.error("this number does not fit into 16 bits"),
            },
            (Token::Number(n), PropType::I8) => Value::I8(*n),
            (Token::Number(n), PropType::CURRENCY) => Value::Currency(*n),
            (Token::Number(n), PropType::DOUBLE) => Value::Double(*n as f64),
            (Token::Float(n), PropType::DOUBLE) => Value::Double(*n),
            (Token::Number(n), PropType::APPTIME) => Value::AppTime(*n as f64),
            (Token::Float(n), PropType::APPTIME) => Value::AppTime(*n),
            (Token::Number(n), PropType::R4) => Value::R4(*n as f32),
            (Token::Float(n), PropType::R4) => Value::R4(*n as f32),
            (Token::Bytes(bytes), PropType::BINARY) => Value::Binary(bytes.clone()),
            (Token::Bytes(bytes), PropType::CLSID) => match Guid::from_slice(bytes) {
                Some(guid) => Value::Clsid(guid),
                None => return self.error("a GUID has 16 bytes"),
            },
            _ => return self.error(format!("{} takes {}", property_name(tag), described(kind))),
        };
        self.next += 1;
        Ok(Property::new(tag.with_kind(kind), value))
    }
}

fn one_or(mut parts: Vec<Restriction>, many: fn(Vec<Restriction>) -> Restriction) -> Restriction {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

fn described(kind: PropType) -> &'static str {
    match kind {
        PropType::UNICODE | PropType::STRING8 => "a text in quotes",
        PropType::SYSTIME => "a date such as 2024-05-31 or 2024-05-31T10:00:00Z",
        PropType::BOOLEAN => "true or false",
        PropType::BINARY => "bytes such as x\"0a1b\"",
        PropType::CLSID => "16 bytes such as x\"…\"",
        PropType::I2 | PropType::LONG | PropType::I8 | PropType::CURRENCY => "a whole number",
        PropType::R4 | PropType::DOUBLE | PropType::APPTIME => "a number",
        _ => "no constant; it can only be tested with exists(…)",
    }
}
