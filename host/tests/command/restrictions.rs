//! Restrictions in text, on a folder of imported messages.

use crate::mailbox::{message, write_mbox};
use crate::running::Data;

#[test]
fn messages_are_found_by_their_recipients_and_attachments() {
    let data = Data::new();
    let archive = data.beside("mail.mbox");
    // Every tenth has an attachment, `file0.bin` and so on.
    write_mbox(&archive, (0..30).map(message));
    data.import(&archive, "Inbox");
    let count = |restriction: &str| {
        let answer = data.run(["--json", "table", "Inbox", "--count", "--restrict", restriction]).succeeds().json();
        answer[0]["count"].as_u64().unwrap()
    };
    assert_eq!(count("any(attachments, filename begins \"file\")"), 3);
    assert_eq!(count("any(attachments, filename = \"file10.bin\")"), 1);
    assert_eq!(count("not any(attachments, exists(filename))"), 27);
    assert_eq!(count("any(attachments, not filename = \"file10.bin\")"), 2);
    assert_eq!(count("any(attachments, count(0, exists(filename)))"), 27);
    assert_eq!(count("any(recipients, address = \"reader@example.org\" and PR_RECIPIENT_TYPE = 1)"), 30);
    assert_eq!(count("any(recipients, name = \"Reader\") and not attachments = false"), 3);
    assert_eq!(count("count(2, any(attachments, size(PR_ATTACH_DATA_BIN) > 100))"), 2);
    let nested = "any(recipients, any(attachments, exists(filename)))";
    data.run(["table", "Inbox", "--restrict", nested]).refuses(&["sub-restriction"]);
}
