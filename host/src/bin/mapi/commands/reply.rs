//! `mapi reply`: an answer to a message, in its thread (`messages` 3, 11).

use crate::addresses::{Recipient, Role};
use crate::args::{ContentArguments, ReplyArguments};
use crate::commands::show;
use crate::compose::Draft;
use crate::context::Context;
use crate::{sending, target};
use anyhow::ensure;
use mapi_engine::entry_id::{OneOff, parse_flat_entry_list};
use mapi_session::flags::{
    GetPropsFlags, GetRecipientTableFlags, GetStatusTableFlags, LogoffFlags, QueryRowsFlags, SetColumnsFlags,
};
use mapi_session::properties::{FileTime, PropTag, Property, Value, tags};
use mapi_session::{Message, Session};
use std::process::ExitCode;

pub(crate) async fn run(context: &Context, arguments: &ReplyArguments) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let store = context.default_store(&session).await?;
    let message = target::message(&store, &arguments.target).await?;
    let answer = Answer { all: arguments.all, quote: !arguments.no_quote };
    let draft = draft(&session, &message, &answer, &arguments.content).await?;
    if arguments.content.dry_run {
        draft.show(context)?;
    } else {
        sending::send(context, &subsystem, &store, &draft).await?;
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

/// How a message is answered.
pub(crate) struct Answer {
    /// To everybody it went to.
    pub(crate) all: bool,
    /// With its text.
    pub(crate) quote: bool,
}

/// The answer to a message, not in the store yet.
pub(crate) async fn draft(
    session: &Session,
    message: &Message,
    answer: &Answer,
    content: &ContentArguments,
) -> anyhow::Result<Draft> {
    let begun = begin(session, message, answer).await?;
    Ok(Draft::new(begun.recipients, &begun.subject, content, &begun.quoted)?.with(begun.thread))
}

/// An answer without what its author writes.
pub(crate) struct Begun {
    pub(crate) recipients: Vec<Recipient>,
    pub(crate) subject: String,
    pub(crate) quoted: String,
    /// What puts it into the thread.
    pub(crate) thread: Vec<Property>,
}

/// Begins the answer to a message.
pub(crate) async fn begin(session: &Session, message: &Message, answer: &Answer) -> anyhow::Result<Begun> {
    let original = Original::read(message).await?;
    let own = own_addresses(session, &original).await?;
    let recipients = recipients(message, &original, &own, answer.all).await?;
    let quoted = if answer.quote { original.quoted(message).await? } else { String::new() };
    let index = mapi_session::create_conversation_index(original.bytes(tags::CONVERSATION_INDEX))?;
    let mut thread = original.thread();
    thread.push(Property::new(tags::CONVERSATION_INDEX, Value::Binary(index)));
    Ok(Begun { recipients, subject: original.answer_subject(), quoted, thread })
}

const READ: [PropTag; 13] = [
    tags::SENT_REPRESENTING_NAME,
    tags::SENT_REPRESENTING_EMAIL_ADDRESS,
    tags::SENDER_NAME,
    tags::SENDER_EMAIL_ADDRESS,
    tags::SUBJECT,
    tags::INTERNET_MESSAGE_ID,
    tags::INTERNET_REFERENCES,
    tags::IN_REPLY_TO_ID,
    tags::CONVERSATION_TOPIC,
    tags::CONVERSATION_INDEX,
    tags::CLIENT_SUBMIT_TIME,
    tags::REPLY_RECIPIENT_ENTRIES,
    tags::RECEIVED_BY_EMAIL_ADDRESS,
];

/// What is needed of the message answered.
struct Original(Vec<Property>);

impl Original {
    async fn read(message: &Message) -> anyhow::Result<Self> {
        let properties = message.properties().await?;
        Ok(Self(properties.get_props(Some(&READ), GetPropsFlags::MAPI_UNICODE).await?.value))
    }

    fn value(&self, tag: PropTag) -> Option<&Value> {
        self.0.iter().find(|property| property.tag == tag).map(|property| &property.value)
    }

    fn text(&self, tag: PropTag) -> Option<&str> {
        match self.value(tag) {
            Some(Value::Unicode(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn bytes(&self, tag: PropTag) -> Option<&[u8]> {
        match self.value(tag) {
            Some(Value::Binary(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// Name and address of who wrote it.
    fn author(&self) -> (Option<&str>, Option<&str>) {
        let represented = (self.text(tags::SENT_REPRESENTING_NAME), self.text(tags::SENT_REPRESENTING_EMAIL_ADDRESS));
        match represented {
            (_, Some(_)) => represented,
            _ => (self.text(tags::SENDER_NAME), self.text(tags::SENDER_EMAIL_ADDRESS)),
        }
    }

    /// Whom its author wants answers to go to.
    fn answer_to(&self) -> Vec<Recipient> {
        let to = |name: &str, address: &str| Recipient::one_off(Role::To, name, address);
        if let Some(list) = self.bytes(tags::REPLY_RECIPIENT_ENTRIES) {
            let entries = parse_flat_entry_list(list).unwrap_or_default();
            let wanted: Vec<Recipient> = (entries.iter().filter_map(|entry| OneOff::parse(entry).ok()))
                .filter(|one_off| !one_off.address.is_empty())
                .map(|one_off| to(&one_off.display_name, &one_off.address))
                .collect();
            if !wanted.is_empty() {
                return wanted;
            }
        }
        let (name, address) = self.author();
        address.map(|address| to(name.unwrap_or(address), address)).into_iter().collect()
    }

    fn answer_subject(&self) -> String {
        let subject = self.text(tags::SUBJECT).unwrap_or_default();
        let answered = subject.get(..3).is_some_and(|prefix| prefix.eq_ignore_ascii_case("re:"));
        if answered { subject.to_owned() } else { format!("Re: {subject}") }
    }

    /// What puts an answer into the thread (RFC 5322, 3.6.4).
    fn thread(&self) -> Vec<Property> {
        let mut properties = Vec::new();
        let mut put = |tag, text: String| properties.push(Property::new(tag, Value::Unicode(text)));
        if let Some(identifier) = self.text(tags::INTERNET_MESSAGE_ID) {
            let before = self.text(tags::INTERNET_REFERENCES).or_else(|| self.text(tags::IN_REPLY_TO_ID));
            put(tags::IN_REPLY_TO_ID, identifier.to_owned());
            put(tags::INTERNET_REFERENCES, before.map_or(identifier.to_owned(), |before| format!("{before} {identifier}")));
        }
        if let Some(topic) = self.text(tags::CONVERSATION_TOPIC) {
            put(tags::CONVERSATION_TOPIC, topic.to_owned());
        }
        properties
    }

    /// Its text, each line marked.
    async fn quoted(&self, message: &Message) -> anyhow::Result<String> {
        let text = show::text(&message.properties().await?, tags::BODY).await?.unwrap_or_default();
        let (name, address) = self.author();
        let author = name.or(address).unwrap_or("somebody");
        let heading = match self.value(tags::CLIENT_SUBMIT_TIME) {
            Some(Value::SysTime(time)) => format!("On {}, {author} wrote:", day(*time)),
            _ => format!("{author} wrote:"),
        };
        Ok(quote(&heading, &text))
    }
}

fn quote(heading: &str, text: &str) -> String {
    let lines = text.trim_end().lines().map(|line| match line {
        "" => ">".to_owned(),
        line if line.starts_with('>') => format!(">{line}"),
        line => format!("> {line}"),
    });
    let mut quoted = heading.to_owned();
    for line in lines {
        quoted.push_str("\r\n");
        quoted.push_str(&line);
    }
    quoted.push_str("\r\n");
    quoted
}

fn day(time: FileTime) -> String {
    mapi_session::expression::timestamp(time).chars().take(10).collect()
}

/// Every address of the user, in lower case.
async fn own_addresses(session: &Session, original: &Original) -> anyhow::Result<Vec<String>> {
    let table = session.get_status_table(GetStatusTableFlags::MAPI_UNICODE).await?;
    table.set_columns(&[tags::IDENTITY_SEARCH_KEY], SetColumnsFlags::empty()).await?;
    let rows = table.query_rows(i32::MAX, QueryRowsFlags::empty()).await?;
    let keys = rows.iter().flatten().filter_map(|cell| match &cell.value {
        Value::Binary(key) => String::from_utf8_lossy(key).trim_end_matches('\0').strip_prefix("SMTP:").map(str::to_lowercase),
        _ => None,
    });
    Ok(keys.chain(original.text(tags::RECEIVED_BY_EMAIL_ADDRESS).map(str::to_lowercase)).collect())
}

/// Whom the answer goes to, each once, the user never unless nobody else is left.
async fn recipients(message: &Message, original: &Original, own: &[String], all: bool) -> anyhow::Result<Vec<Recipient>> {
    let mut wanted = original.answer_to();
    if all {
        let table = message.get_recipient_table(GetRecipientTableFlags::MAPI_UNICODE).await?;
        let columns = [tags::RECIPIENT_TYPE, tags::DISPLAY_NAME, tags::EMAIL_ADDRESS];
        table.set_columns(&columns, SetColumnsFlags::empty()).await?;
        for row in table.query_rows(i32::MAX, QueryRowsFlags::empty()).await? {
            let mut cells = row.into_iter().map(|cell| cell.value);
            let (kind, name, address) = (cells.next(), cells.next(), cells.next());
            let Some(Value::Unicode(address)) = address else { continue };
            let role = match kind {
                Some(Value::Long(1)) => Role::To,
                Some(Value::Long(2)) => Role::Cc,
                _ => continue,
            };
            if !own.contains(&address.to_lowercase()) {
                let name = match &name {
                    Some(Value::Unicode(name)) if !name.is_empty() => name,
                    _ => &address,
                };
                wanted.push(Recipient::one_off(role, name, &address));
            }
        }
    }
    let mut recipients: Vec<Recipient> = Vec::new();
    for recipient in wanted {
        if !recipients.iter().any(|known| known.address().eq_ignore_ascii_case(&recipient.address())) {
            recipients.push(recipient);
        }
    }
    ensure!(!recipients.is_empty(), "the message names nobody to answer; use `mapi send`");
    Ok(recipients)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn original(values: &[(PropTag, &str)]) -> Original {
        Original(values.iter().map(|(tag, text)| Property::new(*tag, Value::Unicode((*text).to_owned()))).collect())
    }

    fn thread(values: &[(PropTag, &str)]) -> Vec<(PropTag, String)> {
        let text = |property: Property| match property.value {
            Value::Unicode(text) => (property.tag, text),
            other => panic!("{other:?}"),
        };
        original(values).thread().into_iter().map(text).collect()
    }

    #[test]
    fn an_answer_refers_to_everything_before_it() {
        let id = (tags::INTERNET_MESSAGE_ID, "<3@x>");
        let references = |values: &[_]| thread(values)[1].1.clone();
        assert_eq!(thread(&[id])[0], (tags::IN_REPLY_TO_ID, "<3@x>".to_owned()));
        assert_eq!(references(&[id]), "<3@x>");
        assert_eq!(references(&[id, (tags::INTERNET_REFERENCES, "<1@x> <2@x>")]), "<1@x> <2@x> <3@x>");
        assert_eq!(references(&[id, (tags::IN_REPLY_TO_ID, "<2@x>")]), "<2@x> <3@x>");
        assert!(thread(&[]).is_empty());
    }

    #[test]
    fn the_prefix_is_not_repeated() {
        let subject = |text| original(&[(tags::SUBJECT, text)]).answer_subject();
        assert_eq!(subject("Plan"), "Re: Plan");
        assert_eq!(subject("RE: Plan"), "RE: Plan");
        assert_eq!(subject("Rest"), "Re: Rest");
        assert_eq!(subject("é"), "Re: é");
    }

    #[test]
    fn lines_are_quoted_and_quoted_again() {
        assert_eq!(quote("A wrote:", "one\r\n\r\n> two\r\n\r\n"), "A wrote:\r\n> one\r\n>\r\n>> two\r\n");
    }
}
