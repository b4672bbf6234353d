//! `PR_STORE_SUPPORT_MASK` and the rights that follow from it (`stores` 1.1, 2.2).

use crate::backend::{ObjectKind, StoreCapabilities};

/// `STORE_*`.
#[expect(missing_docs, reason = "named by the table of `stores` 2.2")]
pub mod support_mask {
    pub const ENTRYID_UNIQUE: u32 = 0x1;
    pub const READONLY: u32 = 0x2;
    pub const SEARCH_OK: u32 = 0x4;
    pub const MODIFY_OK: u32 = 0x8;
    pub const CREATE_OK: u32 = 0x10;
    pub const ATTACH_OK: u32 = 0x20;
    pub const OLE_OK: u32 = 0x40;
    pub const SUBMIT_OK: u32 = 0x80;
    pub const NOTIFY_OK: u32 = 0x100;
    pub const MV_PROPS_OK: u32 = 0x200;
    pub const CATEGORIZE_OK: u32 = 0x400;
    pub const RTF_OK: u32 = 0x800;
    pub const RESTRICTION_OK: u32 = 0x1000;
    pub const SORT_OK: u32 = 0x2000;
    pub const PUBLIC_FOLDERS: u32 = 0x4000;
    pub const HTML_OK: u32 = 0x1_0000;
    pub const ANSI_OK: u32 = 0x2_0000;
    pub const UNICODE_OK: u32 = 0x4_0000;
}

/// `MAPI_ACCESS_*` (`PR_ACCESS`).
pub(crate) mod access {
    pub(crate) const MODIFY: u32 = 0x1;
    pub(crate) const READ: u32 = 0x2;
    pub(crate) const DELETE: u32 = 0x4;
    pub(crate) const CREATE_HIERARCHY: u32 = 0x8;
    pub(crate) const CREATE_CONTENTS: u32 = 0x10;
    pub(crate) const CREATE_ASSOCIATED: u32 = 0x20;
}

/// The mask of a reference with that access to a store with those abilities.
#[must_use]
pub fn mask(abilities: &StoreCapabilities, writable: bool) -> u32 {
    use support_mask as m;
    let mut mask = m::ENTRYID_UNIQUE | m::MV_PROPS_OK | m::RTF_OK | m::HTML_OK | m::ANSI_OK | m::UNICODE_OK;
    let mut add = |present: bool, bits: u32| {
        if present {
            mask |= bits;
        }
    };
    add(!abilities.plain_scans_only, m::SEARCH_OK | m::RESTRICTION_OK | m::SORT_OK | m::CATEGORIZE_OK);
    add(abilities.read_only, m::READONLY);
    add(writable, m::MODIFY_OK | m::CREATE_OK);
    add(abilities.attachments, m::ATTACH_OK | m::OLE_OK);
    add(abilities.submit, m::SUBMIT_OK);
    add(abilities.feed, m::NOTIFY_OK);
    add(abilities.public_folders, m::PUBLIC_FOLDERS);
    mask
}

/// What the user may do with an object of that kind, however it was opened.
pub(crate) fn rights(kind: ObjectKind, writable: bool, root: bool, deleted: bool) -> u32 {
    use access as a;
    if !writable || deleted {
        return a::READ;
    }
    match kind {
        ObjectKind::Folder if root => a::READ | a::MODIFY | a::CREATE_HIERARCHY | a::CREATE_CONTENTS | a::CREATE_ASSOCIATED,
        ObjectKind::Folder => a::READ | a::MODIFY | a::DELETE | a::CREATE_HIERARCHY | a::CREATE_CONTENTS | a::CREATE_ASSOCIATED,
        ObjectKind::Store => a::READ | a::MODIFY,
        _ => a::READ | a::MODIFY | a::DELETE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_only_store_says_so_and_can_neither_modify_nor_create() {
        let abilities = StoreCapabilities { read_only: true, ..StoreCapabilities::default() };
        let mask = mask(&abilities, false);
        assert_eq!(mask & (support_mask::READONLY | support_mask::MODIFY_OK | support_mask::CREATE_OK), support_mask::READONLY);
    }

    #[test]
    fn what_the_engine_does_over_plain_scans_is_set_unless_the_backend_declines() {
        let searching = support_mask::SEARCH_OK | support_mask::RESTRICTION_OK | support_mask::SORT_OK;
        assert_eq!(mask(&StoreCapabilities::default(), true) & searching, searching);
        let plain = StoreCapabilities { plain_scans_only: true, ..StoreCapabilities::default() };
        assert_eq!(mask(&plain, true) & searching, 0);
    }

    #[test]
    fn a_search_folder_takes_nothing_in() {
        let rights = rights(ObjectKind::SearchFolder, true, false, false);
        assert_eq!(rights & (access::CREATE_HIERARCHY | access::CREATE_CONTENTS | access::CREATE_ASSOCIATED), 0);
    }
}
