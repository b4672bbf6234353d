//! HTML bodies: their character set, and the plain rendition (`messages` 5).

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, IBM866, ISO_2022_JP, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5,
    ISO_8859_6, ISO_8859_7, ISO_8859_8, ISO_8859_10, ISO_8859_13, ISO_8859_14, ISO_8859_15, ISO_8859_16, KOI8_R, KOI8_U,
    MACINTOSH, SHIFT_JIS, UTF_8, UTF_16LE, WINDOWS_874, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254,
    WINDOWS_1255, WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
};

/// Code page numbers (`PR_INTERNET_CPID`) and their encodings. The first number of an encoding is the one
/// it is written with.
const CODE_PAGES: &[(i32, &Encoding)] = &[
    (65001, UTF_8),
    (1200, UTF_16LE),
    (1252, WINDOWS_1252),
    (28591, WINDOWS_1252),
    (20127, WINDOWS_1252),
    (1250, WINDOWS_1250),
    (1251, WINDOWS_1251),
    (1253, WINDOWS_1253),
    (1254, WINDOWS_1254),
    (28599, WINDOWS_1254),
    (1255, WINDOWS_1255),
    (1256, WINDOWS_1256),
    (1257, WINDOWS_1257),
    (1258, WINDOWS_1258),
    (874, WINDOWS_874),
    (28592, ISO_8859_2),
    (28593, ISO_8859_3),
    (28594, ISO_8859_4),
    (28595, ISO_8859_5),
    (28596, ISO_8859_6),
    (28597, ISO_8859_7),
    (28598, ISO_8859_8),
    (38598, ISO_8859_8),
    (28600, ISO_8859_10),
    (28603, ISO_8859_13),
    (28604, ISO_8859_14),
    (28605, ISO_8859_15),
    (28606, ISO_8859_16),
    (20866, KOI8_R),
    (21866, KOI8_U),
    (866, IBM866),
    (10000, MACINTOSH),
    (932, SHIFT_JIS),
    (51932, EUC_JP),
    (20932, EUC_JP),
    (50220, ISO_2022_JP),
    (50221, ISO_2022_JP),
    (50222, ISO_2022_JP),
    (936, GBK),
    (54936, GB18030),
    (949, EUC_KR),
    (51949, EUC_KR),
    (950, BIG5),
];

/// The encoding of a code page.
#[must_use]
pub fn encoding_of_code_page(code_page: i32) -> Option<&'static Encoding> {
    CODE_PAGES.iter().find(|(number, _)| *number == code_page).map(|(_, encoding)| *encoding)
}

/// The code page of an encoding.
#[must_use]
pub fn code_page_of_encoding(encoding: &'static Encoding) -> Option<i32> {
    CODE_PAGES.iter().find(|(_, known)| *known == encoding).map(|(number, _)| *number)
}

/// The code page of a character set named as in MIME, ignoring case.
#[must_use]
pub fn code_page_of_charset(charset: &str) -> Option<i32> {
    code_page_of_encoding(Encoding::for_label(charset.as_bytes())?)
}

/// The text of an HTML body: by `PR_INTERNET_CPID`, else by its `<meta charset>`, else 1252.
#[must_use]
pub fn decode_html(bytes: &[u8], code_page: Option<i32>) -> String {
    let encoding = code_page.and_then(encoding_of_code_page).or_else(|| meta_charset(bytes)).unwrap_or(WINDOWS_1252);
    encoding.decode(bytes).0.into_owned()
}

/// What `<meta charset=…>` or `<meta … content="…; charset=…">` near the start names.
fn meta_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..bytes.len().min(4096))?.to_ascii_lowercase();
    let mut rest = head.as_slice();
    while let Some(at) = find(rest, b"<meta") {
        rest = &rest[at + 5..];
        let tag = &rest[..rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len())];
        if let Some(at) = find(tag, b"charset") {
            let value = tag[at + 7..].trim_ascii_start();
            let Some(value) = value.strip_prefix(b"=") else { continue };
            let value = value.trim_ascii_start();
            let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
            let end = value.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"-_:.".contains(byte));
            return Encoding::for_label(&value[..end.unwrap_or(value.len())]);
        }
    }
    None
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// The plain rendition of HTML.
#[must_use]
pub fn html_to_text(html: &str) -> String {
    mail_parser::decoders::html::html_to_text(html)
}

/// HTML that shows a plain text.
#[must_use]
pub fn text_to_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 64);
    html.push_str("<html><head><meta charset=\"utf-8\"></head><body>");
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '\n' => html.push_str("<br>\n"),
            '\r' => {}
            character => html.push(character),
        }
    }
    html.push_str("</body></html>");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_page_property_wins_over_the_meta_tag_and_1252_is_last() {
        let html = b"<meta charset='utf-8'>\xc3\xa9";
        assert!(decode_html(html, None).ends_with('é'));
        assert!(decode_html(html, Some(1252)).ends_with("Ã©"));
        assert!(decode_html(b"\xe9", None).ends_with('é'));
        let old = b"<meta http-equiv=x content=\"text/html; charset=koi8-r\">\xc1";
        assert!(decode_html(old, None).ends_with('а'));
    }

    #[test]
    fn generated_html_shows_the_text_again() {
        let text = "a < b & c\r\nd";
        let html = text_to_html(text);
        assert!(html.contains("a &lt; b &amp; c<br>"));
        let back = html_to_text(&html);
        assert_eq!(back.split_whitespace().collect::<Vec<_>>(), text.split_whitespace().collect::<Vec<_>>());
    }
}
