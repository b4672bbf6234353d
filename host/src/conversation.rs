//! `PR_CONVERSATION_INDEX` as a client sets it on what it writes (`messages` 4, `properties` 7.3).

use mapi_engine::error::{Code, Failure, Result};
use mapi_engine::messages::conversation_index;
use std::time::SystemTime;

/// `ScCreateConversationIndex`: the index of a reply to a message with that index, or of a message that starts
/// a conversation.
///
/// # Errors
/// `MAPI_E_NOT_ENOUGH_RESOURCES` when the system gives no random bytes.
pub fn create_conversation_index(parent: Option<&[u8]>) -> Result<Vec<u8>> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::new(Code::NotEnoughResources, format!("the system gives no random bytes: {error}")))?;
    Ok(conversation_index(parent, SystemTime::now().into(), random))
}
