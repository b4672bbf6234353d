//! Messages, recipients and attachments (`messages`).
