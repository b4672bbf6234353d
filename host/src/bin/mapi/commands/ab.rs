//! `mapi ab`: IAddrBook, IABContainer, IMailUser, IDistList.

use crate::address_book;
use crate::args::{AbCommand, Change, Duplicates};
use crate::commands::table::properties;
use crate::context::Context;
use crate::output::cell_text;
use crate::terminal::Grid;
use anyhow::{Context as _, anyhow, bail};
use mapi_session::expression::{hexadecimal, parse_property, property_name, value_to_json};
use mapi_session::flags::{
    AddressBookOpenEntryFlags, CopyEntriesFlags, CreateEntryFlags, GetContentsTableFlags, GetPropListFlags, GetPropsFlags,
    LogoffFlags, QueryRowsFlags, RestrictFlags, SaveChangesFlags, SetColumnsFlags,
};
use mapi_session::properties::{PropTag, PropType, Property, Value, tags};
use mapi_session::{AddressBook, AddressBookContainer, DistList, Object, Properties, Table, container_flags};
use std::process::ExitCode;

pub(crate) async fn run(context: &Context, command: &AbCommand) -> anyhow::Result<ExitCode> {
    let subsystem = context.subsystem().await?;
    let session = context.session(&subsystem).await?;
    let book = address_book::open(&session).await?;
    match command {
        AbCommand::Containers => containers(context, &book).await?,
        AbCommand::List { name, place, limit } => {
            let container = address_book::container(&book, place.container.as_deref()).await?;
            let table = container.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
            if let Some(name) = name {
                table.restrict(Some(&address_book::by_name(name)), RestrictFlags::empty()).await?;
            }
            list(context, &table, *limit).await?;
        }
        AbCommand::Show { entry } => show(context, &book, entry).await?,
        AbCommand::Add { name, address, kind, more, place, duplicates } => {
            let mut values = set_values(more)?;
            values.extend([
                Property::new(tags::DISPLAY_NAME, Value::Unicode(name.clone())),
                Property::new(tags::ADDRTYPE, Value::Unicode(kind.clone())),
                Property::new(tags::EMAIL_ADDRESS, Value::Unicode(address.clone())),
            ]);
            let container = address_book::container(&book, place.container.as_deref()).await?;
            let entry = container.create_entry(None, how(duplicates)).await?;
            let properties = properties_of(&entry).await?;
            save(&properties, values).await.with_context(|| format!("{name:?} cannot be added"))?;
            told(context, &properties, "Added").await?;
        }
        AbCommand::AddList { name, members, place, duplicates } => {
            let ids = address_book::recipients(&book, members).await?;
            let container = address_book::container(&book, place.container.as_deref()).await?;
            let list = new_list(&container, duplicates).await?;
            copy_into(&list, ids).await?;
            let properties = list.properties().await?;
            let values = vec![Property::new(tags::DISPLAY_NAME, Value::Unicode(name.clone()))];
            save(&properties, values).await.with_context(|| format!("{name:?} cannot be added"))?;
            told(context, &properties, "Added").await?;
        }
        AbCommand::Edit { entry, name, address, more, unset, add_member, remove_member } => {
            let mut values = set_values(more)?;
            let text = |tag, value: &Option<String>| value.clone().map(|value| Property::new(tag, Value::Unicode(value)));
            values.extend(text(tags::DISPLAY_NAME, name));
            values.extend(text(tags::EMAIL_ADDRESS, address));
            let unset = unset.as_deref().map(|names| properties("--unset", names)).transpose()?.unwrap_or_default();
            let opened = open(&book, entry, AddressBookOpenEntryFlags::MAPI_MODIFY).await?;
            let properties = properties_of(&opened).await?;
            if !add_member.is_empty() || !remove_member.is_empty() {
                let Object::DistList(list) = &opened else { bail!("{entry:?} is no distribution list and has no members") };
                members(&book, list, add_member, remove_member).await?;
            }
            if !unset.is_empty() {
                no_problem(properties.delete_props(&unset).await?)?;
            }
            save(&properties, values).await.with_context(|| format!("{entry:?} cannot be changed"))?;
            told(context, &properties, "Changed").await?;
        }
        AbCommand::Rm { entries, place } => {
            let container = address_book::container(&book, place.container.as_deref()).await?;
            let mut ids = Vec::new();
            for entry in entries {
                ids.push(address_book::find(std::slice::from_ref(&container), entry).await?);
            }
            let count = ids.len();
            if container.delete_entries(ids).await?.warning.is_some() {
                bail!("not all of these are entries of this container; the others were removed");
            }
            if !context.output.json {
                context.output.line(&format!("{count} removed."))?;
            }
        }
    }
    session.logoff(LogoffFlags::empty()).await?;
    Ok(ExitCode::SUCCESS)
}

async fn containers(context: &Context, book: &AddressBook) -> anyhow::Result<()> {
    const COLUMNS: [PropTag; 4] = [tags::DISPLAY_NAME, tags::DEPTH, tags::CONTAINER_FLAGS, tags::ENTRYID];
    let rows = address_book::containers(book, &COLUMNS).await?;
    if context.output.json {
        return context.output.rows(&COLUMNS, &rows);
    }
    let long = |row: &[Property], tag: PropTag| match row.iter().find(|cell| cell.tag == tag).map(|cell| &cell.value) {
        Some(Value::Long(number)) => *number,
        _ => 0,
    };
    let mut grid = Grid::new(&[("container", false), ("holds", false), ("can be changed", false)]);
    for row in &rows {
        let flags = long(row, tags::CONTAINER_FLAGS);
        let kinds = [(container_flags::AB_RECIPIENTS, "entries"), (container_flags::AB_SUBCONTAINERS, "containers")];
        let holds: Vec<&str> = kinds.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, word)| *word).collect();
        let indent = "  ".repeat(usize::try_from(long(row, tags::DEPTH)).unwrap_or(0));
        let change = if flags & container_flags::AB_MODIFIABLE == 0 { "no" } else { "yes" };
        let name = format!("{indent}{}", address_book::text(row, tags::DISPLAY_NAME));
        grid.row([name, holds.join(", "), change.to_owned()]);
    }
    context.output.line(grid.to_string().trim_end())
}

async fn list(context: &Context, table: &Table, limit: u32) -> anyhow::Result<()> {
    const COLUMNS: [PropTag; 5] = [tags::DISPLAY_NAME, tags::ADDRTYPE, tags::EMAIL_ADDRESS, tags::OBJECT_TYPE, tags::ENTRYID];
    table.set_columns(&COLUMNS, SetColumnsFlags::empty()).await?;
    let mut grid = Grid::new(&[("name", false), ("address", false), ("kind", false)]);
    let mut left = limit;
    while left > 0 {
        let page = table.query_rows(i32::try_from(left.min(1_000)).unwrap_or(1_000), QueryRowsFlags::empty()).await?;
        if page.is_empty() {
            break;
        }
        left = left.saturating_sub(u32::try_from(page.len()).unwrap_or(u32::MAX));
        if context.output.json {
            context.output.rows(&COLUMNS, &page)?;
            continue;
        }
        for row in &page {
            let is_list = row.iter().any(|cell| cell.value == Value::Long(8));
            let kind = if is_list { "list" } else { "person" };
            grid.row([address_book::text(row, tags::DISPLAY_NAME), address_book::address(row), kind.to_owned()]);
        }
    }
    if context.output.json { Ok(()) } else { context.output.line(grid.to_string().trim_end()) }
}

async fn show(context: &Context, book: &AddressBook, entry: &str) -> anyhow::Result<()> {
    let opened = open(book, entry, AddressBookOpenEntryFlags::MAPI_BEST_ACCESS).await?;
    let properties = properties_of(&opened).await?;
    let list_of_tags = properties.get_prop_list(GetPropListFlags::MAPI_UNICODE).await?;
    let shown: Vec<PropTag> = list_of_tags.into_iter().filter(|tag| tag.kind() != PropType::OBJECT).collect();
    let values = properties.get_props(Some(&shown), GetPropsFlags::MAPI_UNICODE).await?.value;
    if context.output.json {
        let mut object = serde_json::Map::new();
        for property in &values {
            object.insert(property_name(property.tag), value_to_json(&property.value));
        }
        context.output.object(&serde_json::Value::Object(object))?;
    } else {
        let mut grid = Grid::new(&[("property", false), ("value", false)]);
        for property in &values {
            grid.row([property_name(property.tag), cell_text(&property.value)]);
        }
        context.output.line(grid.to_string().trim_end())?;
    }
    if let Object::DistList(members) = &opened {
        let table = members.get_contents_table(GetContentsTableFlags::MAPI_UNICODE).await?;
        if !context.output.json {
            context.output.line("\nMembers:")?;
        }
        list(context, &table, u32::MAX).await?;
    }
    Ok(())
}

async fn open(book: &AddressBook, entry: &str, how: AddressBookOpenEntryFlags) -> anyhow::Result<Object> {
    let id = address_book::find(&address_book::search_path(book).await?, entry).await?;
    let opened = book.open_entry(Some(&id), how, None).await.with_context(|| format!("cannot open {entry:?}"))?;
    Ok(opened.object)
}

async fn properties_of(object: &Object) -> anyhow::Result<Properties> {
    match object {
        Object::Container(container) => Ok(container.properties().await?),
        Object::MailUser(user) => Ok(user.properties().await?),
        Object::DistList(list) => Ok(list.properties().await?),
        _ => bail!("this is no object of the address book"),
    }
}

fn how(duplicates: &Duplicates) -> CreateEntryFlags {
    if duplicates.duplicate {
        CreateEntryFlags::empty()
    } else if duplicates.replace {
        CreateEntryFlags::CREATE_CHECK_DUP_STRICT | CreateEntryFlags::CREATE_REPLACE
    } else {
        CreateEntryFlags::CREATE_CHECK_DUP_STRICT
    }
}

async fn new_list(container: &AddressBookContainer, duplicates: &Duplicates) -> anyhow::Result<DistList> {
    let template = [tags::DEF_CREATE_DL];
    let values = container.properties().await?.get_props(Some(&template), GetPropsFlags::empty()).await?.value;
    let template = address_book::bytes(&values, tags::DEF_CREATE_DL);
    if template.is_empty() {
        bail!("this container takes no distribution lists; name another with --in");
    }
    match container.create_entry(Some(&template), how(duplicates)).await? {
        Object::DistList(list) => Ok(list),
        _ => bail!("the address book made no distribution list"),
    }
}

async fn copy_into(list: &DistList, ids: Vec<Vec<u8>>) -> anyhow::Result<()> {
    if !ids.is_empty() && list.copy_entries(ids, CopyEntriesFlags::empty()).await?.warning.is_some() {
        bail!("not all of these can be members of the list; nothing was changed");
    }
    Ok(())
}

async fn members(book: &AddressBook, list: &DistList, add: &[String], remove: &[String]) -> anyhow::Result<()> {
    copy_into(list, address_book::recipients(book, add).await?).await?;
    let ids = address_book::recipients(book, remove).await?;
    if !ids.is_empty() && list.delete_entries(ids).await?.warning.is_some() {
        bail!("not all of these are members of the list; nothing was changed");
    }
    Ok(())
}

/// Sets values and saves the entry.
async fn save(properties: &Properties, values: Vec<Property>) -> anyhow::Result<()> {
    if !values.is_empty() {
        no_problem(properties.set_props(values).await?)?;
    }
    Ok(properties.save_changes(SaveChangesFlags::KEEP_OPEN_READWRITE).await?)
}

fn no_problem(problems: Vec<mapi_session::PropProblem>) -> anyhow::Result<()> {
    match problems.first() {
        None => Ok(()),
        Some(problem) => bail!("{} cannot be changed ({}); nothing was saved", property_name(problem.tag), problem.code),
    }
}

/// The texts of `--set`.
fn set_values(change: &Change) -> anyhow::Result<Vec<Property>> {
    change
        .set
        .iter()
        .map(|set| {
            let (name, text) = set.split_once('=').ok_or_else(|| anyhow!("--set takes PROPERTY=TEXT, not {set:?}"))?;
            let tag = parse_property(name.trim()).ok_or_else(|| anyhow!("--set: there is no property {name:?}"))?;
            match tag.kind() {
                PropType::UNICODE | PropType::STRING8 => Ok(Property::new(tag, Value::Unicode(text.to_owned()))),
                _ => bail!("--set: {} is no text", property_name(tag)),
            }
        })
        .collect()
}

/// Says what was done to which entry.
async fn told(context: &Context, properties: &Properties, done: &str) -> anyhow::Result<()> {
    let wanted = [tags::DISPLAY_NAME, tags::ENTRYID];
    let values = properties.get_props(Some(&wanted), GetPropsFlags::MAPI_UNICODE).await?.value;
    let (name, id) = (address_book::text(&values, tags::DISPLAY_NAME), address_book::bytes(&values, tags::ENTRYID));
    if context.output.json {
        context.output.object(&serde_json::json!({ "name": name, "entry_id": hexadecimal(&id) }))
    } else {
        context.output.line(&format!("{done}: {}", crate::terminal::harmless(&name)))
    }
}
