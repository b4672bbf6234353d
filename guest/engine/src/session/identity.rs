//! QueryIdentity and EnumAdrTypes (`session` 6.11, 6.12).

use super::handle::Handle;
use super::shared::SharedSession;
use crate::entry_id::OneOff;
use crate::error::{Code, Result, Warned, check_flags};
use crate::properties::code_page;
use crate::spooler::Identity;
use crate::tables::MAPI_UNICODE;

impl SharedSession {
    /// Who is logged on, by the status rows there are; a client without mail sees no transports.
    pub(super) fn identity(&self, no_mail: bool) -> Option<Identity> {
        let row = self.status.identity(no_mail)?;
        let address = row.address();
        if let Some(entry_id) = row.entry_id {
            return Some(Identity::of_entry(entry_id, row.display.as_deref(), row.search_key.as_deref()));
        }
        let (kind, address) = address?;
        let name = row.display.or(row.row_name).unwrap_or_else(|| address.clone());
        Some(Identity::one_off(&name, &kind, &address))
    }
}

impl Handle {
    pub(super) fn query_identity(&self) -> Result<Warned<Vec<u8>>> {
        self.alive.check()?;
        self.shared.start_all(self.may_prompt)?;
        Ok(match self.shared.identity(self.no_mail) {
            Some(identity) => Warned::ok(identity.entry_id),
            // Nobody says who is logged on: a generic user.
            None => Warned::warn(OneOff::new("Unknown", "NONE", "Unknown").to_bytes(), Code::WNoService),
        })
    }

    pub(super) fn enum_adr_types(&self, flags: u32) -> Result<Vec<String>> {
        self.alive.check()?;
        check_flags(flags, MAPI_UNICODE)?;
        let mut types: Vec<String> = Vec::new();
        for transport in self.started_transports()? {
            let handled = transport.identity().address_types.clone().unwrap_or_default();
            for kind in handled.into_iter().filter(|kind| !kind.is_empty()) {
                if !types.iter().any(|known| known.eq_ignore_ascii_case(&kind)) {
                    types.push(kind);
                }
            }
        }
        if flags & MAPI_UNICODE == 0 {
            types.iter_mut().for_each(|kind| *kind = code_page::decode(&code_page::encode(kind)));
        }
        Ok(types)
    }
}
