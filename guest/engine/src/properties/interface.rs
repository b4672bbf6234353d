//! Interface identifiers that select how an object or a property is opened (`properties` 4.6, `stores` 1).

use crate::properties::Guid;

#[expect(missing_docs, reason = "named as in MAPI")]
mod constants {
    use super::Guid;
    pub const IID_IUNKNOWN: Guid = Guid::mapi(0x0000_0000);
    pub const IID_ISTORAGE: Guid = Guid::mapi(0x0000_000B);
    pub const IID_ISTREAM: Guid = Guid::mapi(0x0000_000C);
    pub const IID_IMAPITABLE: Guid = Guid::mapi(0x0002_0301);
    pub const IID_IMAPIPROP: Guid = Guid::mapi(0x0002_0303);
    pub const IID_IMSGSTORE: Guid = Guid::mapi(0x0002_0306);
    pub const IID_IMESSAGE: Guid = Guid::mapi(0x0002_0307);
    pub const IID_IATTACHMENT: Guid = Guid::mapi(0x0002_0308);
    pub const IID_IMAPICONTAINER: Guid = Guid::mapi(0x0002_030B);
    pub const IID_IMAPIFOLDER: Guid = Guid::mapi(0x0002_030C);
    pub const IID_IPROFSECT: Guid = Guid::mapi(0x0002_0304);
    pub const IID_IMAPISTATUS: Guid = Guid::mapi(0x0002_0305);
    pub const IID_IADDRBOOK: Guid = Guid::mapi(0x0002_0309);
    pub const IID_IMAILUSER: Guid = Guid::mapi(0x0002_030A);
    pub const IID_IABCONTAINER: Guid = Guid::mapi(0x0002_030D);
    pub const IID_IDISTLIST: Guid = Guid::mapi(0x0002_030E);
    pub const IID_ISTREAMDOCFILE: Guid = Guid::mapi(0x0002_032C);
}
pub use constants::*;

use crate::error::{Code, Failure, Result};

/// Checks a requested interface: absent, IUnknown, IMAPIProp and those named are served (`stores` 1).
///
/// # Errors
/// `MAPI_E_INTERFACE_NOT_SUPPORTED`.
pub fn check_interface(requested: Option<Guid>, served: &[Guid]) -> Result<()> {
    match requested {
        Some(iid) if iid != IID_IUNKNOWN && iid != IID_IMAPIPROP && !served.contains(&iid) => Err(Failure::new(
            Code::InterfaceNotSupported,
            format!("The object does not serve the interface {iid}; leave the interface out to get its standard one."),
        )
        .with_argument("interface")),
        _ => Ok(()),
    }
}
