//! The methods of the table: their functions of the world, and tests beside the table that prove what a single call
//! cannot show.

/// A method as rows name it, its functions in the world, tests.
type Method = (&'static str, &'static str, &'static [&'static str]);

/// Every method of the table.
pub(crate) const METHODS: &[Method] = &[
    ("MAPIInitialize", "sessions.initialize", &["nothing_works_before_initialize_and_calls_nest"]),
    ("MAPIUninitialize", "sessions.uninitialize", &["the_last_uninitialize_ends_every_handle"]),
    (
        "MAPILogonEx",
        "sessions.logon",
        &[
            "a_logon_joins_the_shared_session_whatever_profile_it_names",
            "undefined_bits_and_both_kinds_of_ui_are_refused",
            "a_service_never_prompts_and_has_no_mail",
            "a_logon_may_fetch_what_waits_and_does_not_fail_for_it",
            "a_service_that_lacks_something_is_configured_once_before_anything_is_logged_on",
            "a_service_that_lacks_something_still_is_disabled_for_the_session",
            "a_service_whose_backend_no_service_of_the_host_names_is_disabled",
            "a_short_logon_waits_five_seconds_for_profiles_another_program_holds",
        ],
    ),
    ("MAPIAdminProfiles", "profiles.admin-profiles", &[]),
    (
        "DispatchNotifications",
        "sessions.dispatch-notifications",
        &["events_come_in_order_and_neighbours_of_one_registration_together"],
    ),
    ("turns", "sessions.pump sessions.changed", &["the_session_forwards_registrations_and_turns_take_changes_in"]),
    (
        "store logon",
        "",
        &["a_store_that_refuses_tells_why_and_may_be_tried_again", "a_store_that_warns_is_open_and_named_with_its_warning"],
    ),
    (
        "address book logon",
        "",
        &[
            "a_hard_failure_disables_the_whole_service",
            "failing_alone_leaves_the_siblings_active",
            "an_address_book_that_warns_is_active_and_the_caller_hears_of_it_once",
        ],
    ),
    (
        "transport logon",
        "",
        &["a_lost_network_disables_nothing", "validating_the_spooler_tries_a_transport_that_failed_alone_again"],
    ),
    (
        "IMAPISession::Logoff",
        "session.logoff",
        &[
            "logoff_shared_withdraws_the_session_and_leaves_the_others_usable",
            "a_person_may_stay_logged_on_while_mail_waits_to_be_sent",
            "nothing_is_asked_at_logoff_without_the_flag_without_mail_or_of_a_service",
        ],
    ),
    ("IMAPISession on a dead handle", "", &["logoff_invalidates_everything_opened_through_the_handle_and_nothing_else"]),
    ("objects of a handle that logged off", "", &[]),
    (
        "session notifications",
        "session.advise",
        &["session_registrations_hear_of_logoffs_alone", "clients_with_mail_hear_of_a_transport_that_breaks_down_and_of_its_row"],
    ),
    (
        "IMAPISession::GetMsgStoresTable",
        "session.get-msg-stores-table",
        &["the_store_table_shows_every_permanent_store_open_or_not", "a_live_store_table_follows_the_services_of_the_profile"],
    ),
    (
        "IMAPISession::OpenMsgStore",
        "session.open-msg-store",
        &[
            "a_store_by_a_constructed_identifier_has_no_row_in_the_store_table",
            "a_malformed_identifier_or_flag_of_open_msg_store_is_refused_in_order",
        ],
    ),
    ("a store opened for reading", "", &[]),
    (
        "IMAPISession::OpenMsgStore, again",
        "session.open-msg-store",
        &["opening_a_store_twice_gives_one_status_row_and_access_per_reference"],
    ),
    (
        "IMAPISession::OpenAddressBook",
        "session.open-address-book",
        &["a_provider_that_fails_to_log_on_does_not_hinder_the_others"],
    ),
    ("IMAPISession::OpenEntry", "session.open-entry", &["open_entry_dispatches_on_the_owner"]),
    ("IMAPISession::CompareEntryIDs", "session.compare-entry-ids", &["comparing_identifiers_asks_their_owner"]),
    ("IMAPISession::Advise", "session.advise", &["the_session_forwards_registrations_and_turns_take_changes_in"]),
    ("IMAPISession::Unadvise", "session.unadvise", &[]),
    (
        "IMAPISession::SetDefaultStore",
        "session.set-default-store",
        &[
            "a_temporary_role_hides_the_profiles_and_ends_with_the_session",
            "only_a_store_that_sends_and_takes_mail_in_may_be_the_default",
            "mail_goes_through_the_new_default_store_from_the_next_turn_on",
        ],
    ),
    ("IMAPISession::EnumAdrTypes", "session.enum-adr-types", &["address_types_come_in_transport_order_each_once"]),
    (
        "IMAPISession::QueryIdentity",
        "session.query-identity",
        &["the_primary_identity_comes_first_whatever_its_place", "who_is_logged_on_is_what_the_service_that_sends_says"],
    ),
    (
        "IMAPISession::QueryDefaultMessageOpt",
        "session.query-default-message-opt",
        &["options_of_a_type_come_from_the_first_transport_that_has_them"],
    ),
    ("IMAPISession::MessageOptions", "session.message-options", &["options_are_edited_on_the_message_and_kept_by_its_save"]),
    ("IMAPISession::PrepareForm", "session.prepare-form", &["a_token_is_good_for_one_form_of_its_own_handle"]),
    (
        "IMAPISession::ShowForm",
        "session.show-form",
        &[
            "refused_arguments_leave_the_token_and_everything_later_uses_it_up",
            "a_form_sees_the_message_by_value_and_what_the_caller_says_of_it",
            "a_posted_message_is_saved_with_the_changes_where_it_lies",
            "a_new_message_is_sent_through_the_outbox",
            "of_a_saved_message_a_copy_is_sent_and_the_original_stays_as_it_was",
            "what_was_written_is_kept_when_it_cannot_be_sent",
            "an_invalid_change_is_the_error_of_the_call_and_nothing_is_saved",
            "a_form_changes_a_message_that_is_saved_or_sent_afterwards",
        ],
    ),
    (
        "IMAPIFormMgr::ResolveMessageClass",
        "session.resolve-message-class",
        &[
            "a_class_is_looked_for_in_all_libraries_before_what_is_above_it",
            "of_two_forms_of_a_class_that_of_the_first_library_is_taken",
        ],
    ),
    (
        "IMAPIFormMgr::ResolveMultipleMessageClasses",
        "session.resolve-multiple-message-classes",
        &["forms_of_a_folder_and_of_the_default_store_are_its_hidden_messages"],
    ),
    (
        "IMAPIFormContainer::InstallForm",
        "session.install-form",
        &["a_definition_has_a_class_and_properties_of_a_form_and_nothing_else", "a_form_is_installed_listed_and_removed"],
    ),
    ("IMAPIFormContainer::RemoveForm", "session.remove-form", &["a_form_is_installed_listed_and_removed"]),
    ("IMAPIFormMgr::CalcFormPropSet", "session.calc-form-prop-set", &["what_forms_publish_is_joined_or_intersected"]),
    ("IMAPIFormMgr::SelectMultipleForms", "session.select-forms", &[]),
    ("IMAPIFormMgr::SelectFormContainer", "session.select-form-container", &[]),
    (
        "IMAPISupport::ModifyProfile",
        "",
        &[
            "a_store_opened_by_its_identifier_is_in_the_profile_only_after_it_asks_to_stay",
            "a_store_opened_for_a_while_stays_only_after_somebody_wants_it_for_longer",
            "a_store_that_asks_while_it_logs_on_is_in_the_profile_at_once",
            "a_store_in_a_file_of_another_profile_stays_when_it_asks_to",
        ],
    ),
    (
        "IMAPISupport::ModifyStatusRow",
        "",
        &[
            "a_provider_may_have_several_rows_and_updates_the_one_it_names",
            "the_address_book_is_offline_when_all_its_providers_are",
        ],
    ),
    ("IMAPISupport::OpenProfileSection", "", &["what_a_provider_writes_into_its_section_while_it_runs_is_kept"]),
    ("IMAPISupport::WrapStoreEntryID", "", &[]),
    ("IMAPISupport::CreateOneOff", "", &[]),
    ("IMAPISupport::NewUID", "", &[]),
    (
        "IMAPIGetSession::GetMAPISession",
        "sessions.session-of-provider",
        &[
            "a_provider_has_the_session_that_opened_it_and_cannot_end_it",
            "a_session_does_not_live_by_its_providers_and_tells_them_of_its_end",
            "a_backend_that_uses_the_session_during_a_call_is_told_that_it_is_busy",
        ],
    ),
    (
        "IProfAdmin::GetProfileTable",
        "profile-admin.get-profile-table",
        &["a_damaged_profile_is_listed_cannot_be_used_and_can_be_deleted"],
    ),
    ("IProfAdmin::CreateProfile", "profile-admin.create-profile", &["a_lost_race_is_retried_once_and_then_refused"]),
    (
        "IProfAdmin::DeleteProfile",
        "profile-admin.delete-profile",
        &["a_profile_deleted_in_use_vanishes_with_its_last_session", "a_start_completes_what_a_session_that_died_left"],
    ),
    (
        "IProfAdmin::CopyProfile",
        "profile-admin.copy-profile",
        &[
            "a_copied_profile_has_everything_with_its_keys_and_a_search_key_of_its_own",
            "a_profile_is_copied_whole_or_not_at_all_wherever_the_process_ends",
        ],
    ),
    (
        "IProfAdmin::RenameProfile",
        "profile-admin.rename-profile",
        &[
            "a_profile_in_use_gets_its_name_with_the_end_of_its_last_session_and_both_names_are_taken_until_then",
            "of_two_profiles_that_want_one_name_the_second_keeps_its_own",
        ],
    ),
    ("IProfAdmin::ChangeProfilePassword", "profile-admin.change-profile-password", &[]),
    ("IProfAdmin::SetDefaultProfile", "profile-admin.set-default-profile", &[]),
    ("IProfAdmin::AdminServices", "profile-admin.admin-services session.admin-services", &[]),
    (
        "IMsgServiceAdmin::GetMsgServiceTable",
        "service-admin.get-msg-service-table",
        &["the_tables_of_a_profile_never_change_and_tell_nothing"],
    ),
    (
        "IMsgServiceAdmin::GetProviderTable",
        "service-admin.get-provider-table",
        &["the_table_of_a_service_shows_its_extra_sections_and_that_of_the_profile_does_not"],
    ),
    (
        "IMsgServiceAdmin2::CreateMsgServiceEx",
        "service-admin.create-msg-service-ex",
        &["a_service_whose_entry_point_fails_leaves_no_trace", "the_first_that_can_supplies_the_identity"],
    ),
    (
        "IMsgServiceAdmin::DeleteMsgService",
        "service-admin.delete-msg-service",
        &["a_deleted_default_store_hands_its_role_on", "a_deleted_supplier_hands_the_identity_on"],
    ),
    (
        "IMsgServiceAdmin::CopyMsgService",
        "service-admin.copy-msg-service",
        &["a_copied_service_has_new_keys_and_all_values", "a_service_is_copied_whole_or_not_at_all_wherever_the_process_ends"],
    ),
    ("IMsgServiceAdmin::RenameMsgService", "service-admin.rename-msg-service", &[]),
    (
        "IMsgServiceAdmin::ConfigureMsgService",
        "service-admin.configure-msg-service",
        &[
            "protected_values_reach_the_entry_point_by_value_and_never_the_stored_profile",
            "an_entry_point_cannot_change_a_section_a_client_is_writing",
        ],
    ),
    ("IMsgServiceAdmin::AdminProviders", "service-admin.admin-providers", &[]),
    (
        "IMsgServiceAdmin::MsgServiceTransportOrder",
        "service-admin.msg-service-transport-order",
        &["a_deleted_transport_leaves_the_order"],
    ),
    (
        "IMsgServiceAdmin::SetPrimaryIdentity",
        "service-admin.set-primary-identity",
        &["a_chosen_service_supplies_the_identity_with_all_its_providers"],
    ),
    ("IProviderAdmin::GetProviderTable", "provider-admin.get-provider-table", &[]),
    (
        "IProviderAdmin::CreateProvider",
        "provider-admin.create-provider",
        &["what_the_entry_point_names_in_its_changes_happens_once", "a_provider_the_service_refuses_leaves_no_trace"],
    ),
    (
        "IProviderAdmin::DeleteProvider",
        "provider-admin.delete-provider",
        &["a_deleted_provider_goes_with_its_protected_values_and_is_unknown_then"],
    ),
    ("IProviderAdmin::OpenProfileSection", "provider-admin.open-profile-section", &[]),
    ("IMAPISession::OpenProfileSection", "session.open-profile-section", &["a_session_that_has_ended_locks_nobody_out"]),
    ("IMsgServiceAdmin::OpenProfileSection", "service-admin.open-profile-section", &[]),
    ("IProfSect::GetProps", "properties.get-props", &["a_protected_property_is_returned_by_exact_tag_only"]),
    ("IProfSect::GetPropList", "properties.get-prop-list", &[]),
    ("IProfSect::GetIDsFromNames", "properties.get-ids-from-names", &["a_section_has_no_named_properties"]),
    ("IProfSect::GetNamesFromIDs", "properties.get-names-from-ids", &[]),
    (
        "IProfSect::OpenProperty",
        "properties.open-property",
        &["streams_open_on_strings_and_binary_values_only", "a_section_is_copied_with_its_protected_values"],
    ),
    ("IProfSect::SaveChanges", "properties.save-changes", &["a_section_has_no_transactions"]),
    ("IProfSect::SetProps", "properties.set-props", &["what_the_engine_keeps_is_computed"]),
    ("IProfSect::DeleteProps", "properties.delete-props", &[]),
    (
        "IMAPISession::GetStatusTable",
        "session.get-status-table",
        &["the_status_table_starts_what_it_shows", "a_partial_update_is_one_event_and_no_change_is_none"],
    ),
    (
        "IMAPIStatus as IMAPIProp",
        "status-object.properties",
        &[
            "a_status_object_reads_like_its_row_and_cannot_be_changed",
            "status_properties_are_set_by_the_provider_and_shown_by_its_row",
        ],
    ),
    (
        "IMAPIStatus::ValidateState",
        "status-object.validate-state",
        &[
            "validating_the_spooler_logs_a_transport_that_broke_down_on_again",
            "validating_the_address_book_drops_what_is_no_longer_in_the_profile",
            "address_books_and_stores_validate_their_state_if_they_can",
        ],
    ),
    (
        "IMAPIStatus::SettingsDialog",
        "status-object.settings-dialog",
        &[
            "settings_are_shown_by_the_provider_whose_row_says_so_and_by_nobody_without_a_user_interface",
            "stores_and_address_books_show_their_settings_and_take_passwords_too",
        ],
    ),
    (
        "IMAPIStatus::ChangePassword",
        "status-object.change-password",
        &["the_engines_objects_refuse_what_they_cannot_do", "a_password_is_changed_by_the_provider_whose_row_says_so"],
    ),
    (
        "IMAPIStatus::FlushQueues",
        "status-object.flush-queues",
        &["a_flush_is_busy_and_shows_its_bits_until_the_turn_that_ends_it"],
    ),
    ("IMAPIStatus of a client without mail", "", &["clients_without_mail_see_a_spooler_that_is_down"]),
    (
        "IMAPISession::GetLastError",
        "session.get-last-error",
        &["only_the_stored_code_is_explained_and_argument_errors_keep_the_record"],
    ),
    ("GetLastError of other objects", "", &["several_providers_make_one_record_with_a_line_each"]),
    ("a provider's code", "", &["a_code_of_a_foreign_facility_becomes_call_failed_with_the_original_number"]),
];
