//! Every code of the list (`errors` 2) has a row, or a test elsewhere, or a reason why nothing here answers it.

use crate::sources::functions;
use mapi_engine::error::Code;
use std::collections::BTreeSet;

/// Codes of tables, stores, messages, transports and address books, and the tests that provoke them.
const ELSEWHERE: [(Code, &str); 21] = [
    (Code::StgEInvalidfunction, "long_values_are_refused_inline_and_read_as_a_stream"),
    (Code::StgEAccessdenied, "long_values_are_refused_inline_and_read_as_a_stream"),
    (Code::ObjectChanged, "changes_are_private_until_saved_and_the_second_saver_loses"),
    (Code::UnableToAbort, "an_aborted_sort_leaves_order_cursor_and_bookmarks_as_they_were"),
    (Code::TooComplex, "a_tree_of_a_million_levels_is_dropped_and_refused"),
    (Code::MissingRequiredColumn, "a_path_once_set_is_the_path_also_when_it_is_empty"),
    (Code::UnexpectedType, "set_props_tells_each_problem_and_sets_the_rest"),
    (Code::TooBig, "set_props_tells_each_problem_and_sets_the_rest"),
    (Code::DeclineCopy, "between_stores_a_folder_is_copied_and_then_removed"),
    (Code::TableTooBig, "batched_calls_take_effect_at_the_next_call_that_needs_them"),
    (Code::InvalidBookmark, "two_properties_make_every_pair_and_the_first_column_changes_slowest"),
    (Code::WPositionChanged, "a_bookmark_on_a_hidden_row_moves_on_and_says_so_once"),
    (Code::NotMe, "every_result_of_the_table_has_its_consequence"),
    (Code::NotInQueue, "a_message_taken_back_is_a_draft_again"),
    (Code::Collision, "duplicates_are_looked_for_when_an_entry_is_saved"),
    (Code::Submitted, "a_submitted_message_is_saved_queued_and_closed_to_change"),
    (Code::HasFolders, "deleting_a_folder_asks_for_what_is_in_it"),
    (Code::HasMessages, "deleting_a_folder_asks_for_what_is_in_it"),
    (Code::FolderCycle, "a_folder_cannot_be_put_into_itself"),
    (Code::WPartialCompletion, "what_is_not_in_the_folder_fails_alone"),
    (Code::AmbiguousRecip, "every_entry_of_the_list_is_treated_and_successes_stay"),
];

/// Codes that nothing here answers by itself, and why.
const NEVER: [(Code, &str); 14] = [
    (Code::SFalse, "an answer of form objects, which are not exported"),
    (Code::OleobjSCannotDoverbNow, "an answer of form objects, which are not exported"),
    (Code::EUnexpected, "an answer of form objects, which are not exported"),
    (Code::SearchFolderScopeViolation, "search criteria are not exported"),
    (Code::WApproxCount, "row counts are exact"),
    (Code::WCancelMessage, "an answer of SpoolerYield, which a host library gives itself"),
    (Code::SyncEObjectDeleted, "synchronisation is not part of the world"),
    (Code::SyncEIgnore, "synchronisation is not part of the world"),
    (Code::SyncEConflict, "synchronisation is not part of the world"),
    (Code::SyncENoParent, "synchronisation is not part of the world"),
    (Code::SyncECycle, "synchronisation is not part of the world"),
    (Code::SyncEUnsynchronized, "synchronisation is not part of the world"),
    (Code::SyncWProgress, "synchronisation is not part of the world"),
    (Code::SyncWClientChangeNewer, "synchronisation is not part of the world"),
];

#[test]
fn every_code_of_the_list_has_a_row_or_a_test_or_a_reason() {
    let answered: BTreeSet<Code> = crate::all().iter().flat_map(crate::table::Row::codes).collect();
    let known = functions();
    let mut wrong = Vec::new();
    for code in Code::NAMED {
        let elsewhere: Vec<_> = ELSEWHERE.iter().filter(|(known, _)| known == code).collect();
        let is_never = NEVER.iter().any(|(known, reason)| known == code && !reason.is_empty());
        match (answered.contains(code), elsewhere.len(), is_never) {
            (true, 0, false) | (false, 0, true) => {}
            (false, 1, false) if known.contains(elsewhere[0].1) => {}
            (false, 1, false) => wrong.push(format!("{code}: there is no test {}", elsewhere[0].1)),
            (false, 0, false) => wrong.push(format!("{code}: no row, no test and no reason")),
            _ => wrong.push(format!("{code}: listed although it has a row, or twice")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
