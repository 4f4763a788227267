//! Which test shows that a row of the reference is true.

use crate::repository::{read, root};

/// The tests of the fields of a request, in the order of the table.
pub(super) const FIELDS: &[(&str, &str)] = &[
    (
        "background",
        "conversation::background::a_response_in_the_background_is_answered_at_once_and_read_when_it_is_done",
    ),
    ("client_metadata", EFFECT),
    ("context_management", EFFECT),
    (
        "conversation",
        "conversation::conversations::turns::a_turn_reads_the_conversation_and_adds_to_it",
    ),
    ("frequency_penalty", EFFECT),
    (
        "generate",
        "conversation::socket::a_conversation_that_nobody_stores_goes_on_over_its_connection",
    ),
    ("include", "conversation::events::log_probabilities_are_shown_where_they_were_asked_for"),
    ("input", "conversation::state::each_turns_messages_are_a_prefix_of_the_next_turns"),
    (
        "instructions",
        "conversation::state::a_continuation_has_the_whole_history_and_none_of_the_old_instructions",
    ),
    ("max_output_tokens", EFFECT),
    ("max_tool_calls", EFFECT),
    ("metadata", EFFECT),
    ("model", EFFECT),
    ("parallel_tool_calls", EFFECT),
    ("presence_penalty", EFFECT),
    ("previous_response_id", "conversation::state::any_response_can_be_continued_more_than_once"),
    ("prompt", EFFECT),
    ("prompt_cache_key", "conversation::fields::a_session_stays_at_one_server"),
    ("prompt_cache_retention", EFFECT),
    ("reasoning", EFFECT),
    ("safety_identifier", EFFECT),
    ("service_tier", EFFECT),
    ("store", "conversation::state::what_is_not_to_be_stored_is_not"),
    (
        "stream",
        "conversation::events::every_kind_of_answer_has_its_events_and_both_forms_hold_the_same",
    ),
    ("stream_options", EFFECT),
    ("temperature", EFFECT),
    ("text", "conversation::weaknesses::answers_with_a_schema_can_be_read_and_continued"),
    (
        "tool_choice",
        "conversation::state::tools_and_their_choice_are_inherited_unless_the_request_has_the_field",
    ),
    (
        "tools",
        "conversation::state::tools_and_their_choice_are_inherited_unless_the_request_has_the_field",
    ),
    ("top_logprobs", "conversation::events::log_probabilities_are_shown_where_they_were_asked_for"),
    ("top_p", EFFECT),
    ("truncation", "conversation::truncation::the_fewest_oldest_turns_go_and_it_is_told"),
    ("user", EFFECT),
];

/// One value of each field, and what it does.
const EFFECT: &str = "conversation::fields::every_field_has_the_effect_that_the_reference_says";

const REFUSED: &str = "wire::responses::kinds::a_type_is_refused_where_its_row_says_so";
const HISTORY: &str =
    "conversation::items::history_of_hosted_tools_is_a_call_and_its_result_and_is_kept";
const REFERENCE: &str =
    "conversation::items::references::an_item_that_is_stored_is_referred_to_instead_of_sent";
const MALFORMED: &str = "conversation::conditions::every_wrong_field_is_named_in_both_forms_and_never_reaches_the_model";

/// The tests of the tables of kinds, row by row.
pub(super) const TOOLS: &[&str] = &[
    "conversation::fields::every_field_has_the_effect_that_the_reference_says",
    "conversation::items::a_custom_tool_goes_all_the_way_round",
    "conversation::codex::codex_runs_a_command_and_goes_on",
    "wire::responses::tools::an_offline_search_is_accepted_under_every_name",
    "conversation::weaknesses::tools_that_nobody_runs_are_refused_and_their_secrets_are_not_kept",
    REFUSED,
];
pub(super) const ITEMS: &[&str] = &[
    "conversation::items::what_clients_send_back_is_kept_and_shown",
    "conversation::state::thoughts_go_back_under_the_name_that_is_configured",
    "conversation::items::a_custom_tool_goes_all_the_way_round",
    HISTORY,
    HISTORY,
    HISTORY,
    HISTORY,
    "wire::chat::render::hosted::hosted_items_are_calls_and_results",
    "wire::responses::item::hosted::the_other_forms_of_items_are_shown_in_the_schema_too",
    HISTORY,
    "conversation::compaction::a_conversation_is_summed_up_and_goes_on_from_its_summary",
    REFERENCE,
    REFUSED,
];
pub(super) const PARTS: &[&str] = &[
    "conversation::items::what_clients_send_back_is_kept_and_shown",
    "conversation::items::what_clients_send_back_is_kept_and_shown",
    "conversation::items::what_clients_send_back_is_kept_and_shown",
    MALFORMED,
    "conversation::pdf::the_text_of_a_pdf_goes_to_the_model_and_stays_in_the_conversation",
    MALFORMED,
    "conversation::items::files_are_read_as_text_and_kept_as_they_came",
];

/// A test for a reader of the page. It must exist.
pub(super) fn shown(test: &str) -> String {
    let (module, name) = test.rsplit_once("::").expect("a module and a name");
    let file = file(module);
    let source = read(&file);
    assert!(source.contains(&format!("fn {name}(")), "{test}: {file} has no such test");
    format!("`{test}`")
}

/// The file of a module of tests, as the layout of the repository has it.
fn file(module: &str) -> String {
    let path = module.replace("::", "/");
    let (folder, rest) = path.split_once('/').expect("a binary or a crate, and a module");
    let candidates = match folder {
        "wire" => {
            let (parent, last) = rest.rsplit_once('/').unwrap_or(("", rest));
            vec![
                format!("crates/wire/src/{rest}/tests.rs"),
                format!("crates/wire/src/{parent}/tests/{last}.rs"),
            ]
        }
        binary => vec![format!("crates/gateway/tests/{binary}/{rest}.rs")],
    };
    let found = candidates.iter().find(|file| root().join(file).exists());
    found.unwrap_or_else(|| panic!("{module}: none of {candidates:?} exists")).clone()
}
