//! Options that transports offer for messages: MessageOptions and QueryDefaultMessageOpt (`session` 7).

use super::handle::Handle;
use crate::backend::{OptionData, OptionKind};
use crate::error::{Code, Failure, Result, check_flags};
use crate::messages::Message;
use crate::properties::{PropTag, Property, Value};
use crate::spooler::ActiveTransport;
use crate::tables::MAPI_UNICODE;
use std::rc::Rc;

impl Handle {
    /// The transports that are active, in transport order, starting those that are not. A client without mail
    /// has none.
    pub(super) fn started_transports(&self) -> Result<Vec<Rc<ActiveTransport>>> {
        if self.no_mail {
            return Ok(Vec::new());
        }
        let profile = self.shared.load_profile()?;
        self.shared.order_transports(&profile);
        self.shared.start_transports(&profile, self.may_prompt);
        Ok(self.shared.transports_in_order())
    }

    /// The message options of an address type, or of all, in transport order.
    fn message_options_for(&self, address_type: Option<&str>) -> Result<Vec<OptionData>> {
        let is_meant = |option: &&OptionData| {
            let of_all = option.uid.is_none() && option.address_type.is_none();
            let of_type = |kind: &str| option.address_type.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(kind));
            option.kind == OptionKind::Message && address_type.is_none_or(|kind| of_all || of_type(kind))
        };
        let mut found = Vec::new();
        for transport in self.started_transports()? {
            found.extend(transport.options()?.iter().filter(is_meant).cloned());
            if address_type.is_some() && !found.is_empty() {
                break;
            }
        }
        if found.is_empty() {
            return Err(Failure::new(Code::NotFound, "No transport of this session offers options for such messages."));
        }
        Ok(found)
    }

    pub(super) fn message_options(&self, ui: u64, flags: u32, address_type: Option<&str>, message: &Message) -> Result<()> {
        self.alive.check()?;
        check_flags(flags, MAPI_UNICODE)?;
        let options = self.message_options_for(address_type)?;
        if !self.offers_ui() {
            return Err(Failure::new(Code::NoSupport, "There is no user interface to show the options of a message in."));
        }
        let mut tags: Vec<PropTag> = Vec::new();
        for default in options.iter().flat_map(|option| &option.defaults) {
            if !tags.iter().any(|known| known.id() == default.tag.id()) {
                tags.push(default.tag);
            }
        }
        let properties = message.properties();
        let present: Vec<Property> = if tags.is_empty() {
            Vec::new()
        } else {
            let values = properties.get_props(Some(&tags), MAPI_UNICODE)?.value;
            values.into_iter().filter(|property| !matches!(property.value, Value::Error(_))).collect()
        };
        let changed = self.presenter().edit_options(ui, &options, &present)?;
        if changed.is_empty() {
            return Ok(());
        }
        match properties.set_props(changed)?.first() {
            None => Ok(()),
            Some(problem) => Err(Failure::new(problem.code, "An option could not be set on the message.").with_tag(problem.tag)),
        }
    }

    pub(super) fn query_default_message_opt(&self, address_type: &str, flags: u32) -> Result<Vec<Property>> {
        self.alive.check()?;
        if address_type.is_empty() {
            return Err(Failure::invalid(
                "address-type",
                "The default options of a message are those of an address type; name one.",
            ));
        }
        check_flags(flags, MAPI_UNICODE)?;
        let options = self.message_options_for(Some(address_type))?;
        Ok(options.into_iter().flat_map(|option| option.defaults).collect())
    }
}
