//! Archives on disk, read as a whole.

use super::*;
use std::io::Write;

fn write(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn messages(path: &Path, quoting: Option<Quoting>) -> Vec<String> {
    let mut archive = Archive::open(path, quoting).unwrap();
    let mut all = Vec::new();
    while archive.next_message().unwrap().is_some() {
        let (mut whole, mut piece) = (Vec::new(), Vec::new());
        while archive.read_piece(&mut piece).unwrap() {
            whole.extend_from_slice(&piece);
        }
        assert_eq!(archive.digest(), *blake3::hash(&whole).as_bytes());
        all.push(String::from_utf8(whole).unwrap());
    }
    all
}

fn mbox(text: &str, quoting: Option<Quoting>) -> Vec<String> {
    messages(write(text.as_bytes()).path(), quoting)
}

const FROM: &str = "From a@b Fri Apr 26 21:57:56 2019\n";

#[test]
fn each_dialect_undoes_its_own_quoting() {
    let text = format!("{FROM}A: 1\n\n>From x\n>>From y\n> z\n\n{FROM}B: 2\n\nlast\n\n");
    let rest = ["B: 2\n\nlast\n"];
    let read = |quoting| mbox(&text, quoting);
    let first = |body: &str| vec![format!("A: 1\n\n{body}> z\n"), rest[0].to_owned()];
    assert_eq!(read(None), first("From x\n>From y\n"));
    assert_eq!(read(Some(Quoting::Mboxrd)), first("From x\n>From y\n"));
    assert_eq!(read(Some(Quoting::Mboxo)), first("From x\n>>From y\n"));
}

#[test]
fn a_content_length_protects_unquoted_lines() {
    let body = format!("text\n\n{FROM}more\n");
    let text = format!("{FROM}Content-Length: {}\n\n{body}\n{FROM}Content-Length: 2\n\nx\n", body.len());
    for quoting in [None, Some(Quoting::Mboxcl2)] {
        assert_eq!(
            mbox(&text, quoting),
            [format!("Content-Length: {}\n\n{body}", body.len()), "Content-Length: 2\n\nx\n".to_owned()]
        );
    }
    assert_eq!(Archive::open(write(text.as_bytes()).path(), None).unwrap().kind(), ArchiveKind::Mbox(Quoting::Mboxcl2));
    let quoted = text
        .replace(&format!("\n\n{FROM}more"), &format!("\n\n>{FROM}more"))
        .replace(&body.len().to_string(), &(body.len() + 1).to_string());
    assert_eq!(Archive::open(write(quoted.as_bytes()).path(), None).unwrap().kind(), ArchiveKind::Mbox(Quoting::Mboxcl));
    assert_eq!(mbox(&quoted, None)[0], format!("Content-Length: {}\n\n{body}", body.len() + 1));
}

#[test]
fn a_wrong_content_length_does_not_lose_messages() {
    let text = format!("{FROM}Content-Length: 2\n\nlonger than that\n\n{FROM}A: b\n\nx\n");
    assert_eq!(mbox(&text, None).len(), 2);
    assert_eq!(mbox(&text, Some(Quoting::Mboxcl2)), ["Content-Length: 2\n\nlonger than that\n", "A: b\n\nx\n"]);
}

#[test]
fn words_that_look_like_an_envelope_are_text() {
    let text = format!("{FROM}A: 1\n\nHello\n\nFrom now on 12 of us\nFrom here\n\n\n{FROM}\n");
    assert_eq!(mbox(&text, None), ["A: 1\n\nHello\n\nFrom now on 12 of us\nFrom here\n\n", "\n"]);
}

#[test]
fn carriage_returns_are_kept() {
    let text = format!("{FROM}A: 1\n\nx\n\n{FROM}B: 2\n\ny\n").replace('\n', "\r\n");
    assert_eq!(mbox(&text, None), ["A: 1\r\n\r\nx\r\n", "B: 2\r\n\r\ny\r\n"]);
}

#[test]
fn compression_is_told_by_content() {
    let text = format!("{FROM}A: 1\n\nx\n");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(text.as_bytes()).unwrap();
    for compressed in [gzip.finish().unwrap(), xz.finish().unwrap(), zstd::encode_all(text.as_bytes(), 1).unwrap()] {
        assert_eq!(messages(write(&compressed).path(), None), ["A: 1\n\nx\n"]);
        let cut = write(&compressed[..compressed.len() - 10]);
        let error = (|| {
            let mut archive = Archive::open(cut.path(), None)?;
            let mut piece = Vec::new();
            while archive.next_message()?.is_some() {
                while archive.read_piece(&mut piece)? {}
            }
            Ok::<_, ArchiveError>(())
        })()
        .unwrap_err();
        assert!(error.to_string().contains("truncated or damaged"), "{error}");
        assert!(error.to_string().contains(&cut.path().display().to_string()), "{error}");
    }
}

#[test]
fn a_maildir_is_read_with_its_flags() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("cur/2.x:2,S", "A: 2\n\n"), ("new/1.x", "A: 1\n\n"), ("cur/.hidden", "no")] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut archive = Archive::open(folder.path(), None).unwrap();
    let first = archive.next_message().unwrap().unwrap();
    let second = archive.next_message().unwrap().unwrap();
    assert_eq!((first.ordinal, first.flags.unwrap().seen, second.ordinal, second.flags.unwrap().seen), (0, false, 1, true));
    assert!(archive.next_message().unwrap().is_none());
    assert_eq!(messages(folder.path(), None), ["A: 1\n\n", "A: 2\n\n"]);
}

#[test]
fn a_single_message_is_an_archive_of_one() {
    assert_eq!(mbox("Subject: x\r\n\r\nFrom y\n>From z\n", None), ["Subject: x\r\n\r\nFrom y\n>From z\n"]);
}

#[test]
fn what_is_no_archive_is_named() {
    let fails = |bytes: &[u8]| Archive::open(write(bytes).path(), None).err().unwrap().to_string();
    assert!(fails(b"").contains("is empty"));
    assert!(fails(b"!BDN....").contains("Outlook data file"));
    assert!(fails(b"just text").contains("no mail archive"));
    assert!(Archive::open("/nonexistent/x".as_ref(), None).err().unwrap().to_string().contains("/nonexistent/x cannot be read"));
    assert!(Archive::open(tempfile::tempdir().unwrap().path(), None).err().unwrap().to_string().contains("no Maildir"));
}

#[test]
fn an_endless_line_comes_in_small_pieces() {
    for start in ["x", "From", ">From ", ">", "F"] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(format!("{FROM}A: 1\n\n{start}").as_bytes()).unwrap();
        let block = vec![b'y'; 1 << 20];
        for _ in 0..20 {
            file.write_all(&block).unwrap();
        }
        let mut archive = Archive::open(file.path(), None).unwrap();
        archive.next_message().unwrap().unwrap();
        let (mut piece, mut total) = (Vec::new(), 0);
        while archive.read_piece(&mut piece).unwrap() {
            assert!(piece.len() <= 3 * PIECE);
            total += piece.len();
        }
        assert_eq!(total, 6 + start.len() - usize::from(start == ">From ") + (20 << 20), "{start}");
    }
}

proptest::proptest! {
    #[test]
    fn mboxrd_gives_back_what_was_quoted(bodies in proptest::collection::vec("(>{0,3}From |[a-z]|\n|\r\n){0,20}", 1..5)) {
        let mut text = String::new();
        let mut wanted = Vec::new();
        for body in &bodies {
            let message = format!("A: 1\n\n{body}\n");
            text.push_str(FROM);
            for line in message.split_inclusive('\n') {
                if line.trim_start_matches('>').starts_with("From ") {
                    text.push('>');
                }
                text.push_str(line);
            }
            text.push('\n');
            wanted.push(message);
        }
        proptest::prop_assert_eq!(mbox(&text, Some(Quoting::Mboxrd)), wanted);
    }

    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), quoting in 0usize..5) {
        let quotings = [None, Some(Quoting::Mboxo), Some(Quoting::Mboxrd), Some(Quoting::Mboxcl), Some(Quoting::Mboxcl2)];
        let file = write(&[FROM.as_bytes(), b"Content-Length: 9\n\n", &bytes].concat());
        let mut archive = Archive::open(file.path(), quotings[quoting]).unwrap();
        let mut piece = Vec::new();
        while archive.next_message().unwrap().is_some() {
            while archive.read_piece(&mut piece).unwrap() {}
        }
    }
}
