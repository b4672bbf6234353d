//! The rules of sessions, profiles, status and errors as a table: one row for each method, flag and code of the pages,
//! with what makes it happen. Rows run through the component; those marked as raw give the engine an argument that
//! the typed world cannot express.
//!
//! A module of rows is a function that writes them down, and a line below. `docs/coverage.md` counts the rows of each
//! method, and `codes` holds the table to the list of codes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod bench;
mod codes;
mod coverage;
mod desk;
mod methods;
mod raw;
mod sources;
mod table;

use table::{Row, Rows, hold};

macro_rules! modules {
    ($($module:ident: $name:ident;)*) => {
        $(mod $module;)*

        /// Every row there is.
        fn all() -> Vec<Row> {
            let mut rows = Rows::default();
            $($module::rows(&mut rows);)*
            rows.rows
        }

        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            hold($module::rows).await;
        })*
    };
}

modules! {
    initialize: the_library_is_initialised_as_the_table_says;
    logon: a_logon_answers_as_the_table_says;
    prompts: whoever_may_be_asked_is_asked_as_the_table_says;
    provider_logon: what_a_providers_logon_does_is_as_the_table_says;
    logoff: a_session_ends_as_the_table_says;
    stores: stores_are_shown_and_opened_as_the_table_says;
    routing: identifiers_are_routed_as_the_table_says;
    notifications: registrations_are_taken_as_the_table_says;
    roles: roles_identities_and_options_are_as_the_table_says;
    forms: forms_are_prepared_and_shown_as_the_table_says;
    form_registry: forms_are_registered_removed_and_chosen_as_the_table_says;
    message_classes: message_classes_have_the_forms_the_table_says;
    provider_sessions: providers_have_their_sessions_as_the_table_says;
    provider_reports: providers_report_and_are_answered_as_the_table_says;
    profile_admin: profiles_are_administered_as_the_table_says;
    service_admin: services_are_administered_as_the_table_says;
    provider_admin: providers_are_administered_as_the_table_says;
    sections: profile_sections_are_opened_and_changed_as_the_table_says;
    status: status_objects_answer_as_the_table_says;
    settings: settings_and_passwords_are_those_of_the_providers_as_the_table_says;
    last_error: failures_are_explained_as_the_table_says;
}
