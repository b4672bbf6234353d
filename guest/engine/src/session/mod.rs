//! Sessions: initialisation, logon and logoff, and the methods of IMAPISession (`session`).

mod alive;

pub use alive::Alive;
