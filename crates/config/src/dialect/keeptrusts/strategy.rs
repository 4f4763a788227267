//! How requests are shared out: the words for it, and the four places that may hold one.

use super::reader::{Fate, Field, Mapping, Reader, no_effect};
use crate::{Treatment, value::unknown_word};

/// How the targets of one model share its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// The first takes all; the next one takes over when it fails.
    Ordered,
    /// At random, by weight.
    Weighted,
    /// At random, all alike.
    Alike,
    /// As this native strategy says.
    By(&'static str),
}

/// The words seen in any of their documents, with `-` written `_`.
const WORDS: [(&str, Sharing, Treatment, &str); 14] = [
    ("ordered", Sharing::Ordered, Treatment::Exact, "the order of the targets counts"),
    (
        "single",
        Sharing::Ordered,
        Treatment::Approximated,
        "the first target takes all, and the next one takes over when it fails",
    ),
    ("round_robin", Sharing::By("round_robin"), Treatment::Exact, "is `round_robin`"),
    ("random", Sharing::Alike, Treatment::Exact, "is `weighted_shuffle` without weights"),
    ("weighted", Sharing::Weighted, Treatment::Exact, "is `weighted_shuffle`"),
    ("weighted_random", Sharing::Weighted, Treatment::Exact, "is `weighted_shuffle`"),
    ("lowest_latency", Sharing::By("lowest_latency"), Treatment::Approximated, FASTEST),
    ("latency", Sharing::By("lowest_latency"), Treatment::Approximated, FASTEST),
    ("highest_throughput", Sharing::By("least_loaded"), Treatment::Approximated, LEAST),
    ("least_loaded", Sharing::By("least_loaded"), Treatment::Approximated, LEAST),
    ("least_busy", Sharing::By("least_loaded"), Treatment::Approximated, LEAST),
    ("least_connections", Sharing::By("least_loaded"), Treatment::Approximated, LEAST),
    ("cost", Sharing::Ordered, Treatment::Unsupported, CHEAPEST),
    ("lowest_cost", Sharing::Ordered, Treatment::Unsupported, CHEAPEST),
];
const FASTEST: &str =
    "the target that has answered fastest of late is chosen: streams by their beginning";
const LEAST: &str = "the target with the fewest requests in flight and waiting is chosen";
const CHEAPEST: &str = "targets have no prices here: the order of the targets counts";

/// Keys of the sections that hold nothing but a strategy and its numbers.
const KEYS: &[(&str, Fate)] = &[
    ("strategy", Fate::Read),
    ("window_seconds", no_effect(FORGETS)),
    ("min_sample_count", no_effect(FORGETS)),
];
const FORGETS: &str = "older answers count less and less, without a window";

/// The strategy of the whole file; `None`: nobody wrote one.
pub(super) fn read<'a>(
    reader: &mut Reader<'a>,
    root: &Mapping<'a>,
    providers: Option<&Mapping<'a>>,
) -> Option<Sharing> {
    let top = reader.section(root, "provider_routing");
    let routing = providers.and_then(|providers| reader.section(providers, "routing"));
    for section in top.iter().chain(&routing) {
        reader.survey(section, KEYS);
    }
    let fallback = providers.and_then(|providers| providers.get("fallback")?.as_mapping());
    let places = [top.as_ref(), routing.as_ref(), providers, fallback.as_ref()];
    let mut chosen: Option<(Sharing, String)> = None;
    for field in places.into_iter().flatten().filter_map(|section| section.get("strategy")) {
        let Some(sharing) = word(reader, &field, chosen.as_ref()) else { continue };
        chosen.get_or_insert((sharing, field.path));
    }
    chosen.map(|(sharing, _)| sharing)
}

/// Reads one word. `before` is the strategy that has precedence and its key.
pub(super) fn word<'a>(
    reader: &mut Reader<'a>,
    field: &Field<'a>,
    before: Option<&(Sharing, String)>,
) -> Option<Sharing> {
    let text = reader.value::<String>(field)?;
    let plain = text.to_ascii_lowercase().replace('-', "_");
    let Some((_, sharing, treatment, message)) = WORDS.iter().find(|(word, ..)| *word == plain)
    else {
        reader.no_such_word(field, unknown_word(&text, &WORDS.map(|(word, ..)| word)));
        return None;
    };
    match before {
        Some((other, key)) if other != sharing => {
            reader.say(field, Treatment::NoEffect, format!("`{key}` decides"));
        }
        _ => reader.say(field, *treatment, *message),
    }
    Some(*sharing)
}
