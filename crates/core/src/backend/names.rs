//! What to tell when a server does not list the name that a deployment sends.

use super::ServedModel;

/// Most ids that are shown.
const SHOWN: usize = 3;

/// Longest text compared or shown, in characters: a bound on the work an absurd id can cause.
const LONGEST: usize = 128;

/// What to tell an operator whose deployment sends `name`, which is not among the models that its
/// server lists: the nearest of those, at most three, and what to do.
pub fn unknown_name(name: &str, served: &[ServedModel]) -> String {
    let mut nearest: Vec<_> = served.iter().collect();
    nearest.sort_by_cached_key(|model| distance(name, &model.id));
    let shown: Vec<_> = nearest
        .into_iter()
        .take(SHOWN)
        // Debug form: an id with a line break must not forge a line of the log.
        .map(|model| format!("{:?}", model.id.chars().take(LONGEST).collect::<String>()))
        .collect();
    let rest = served.len().saturating_sub(shown.len());
    let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    if shown.is_empty() {
        return format!("the model server does not list {name:?}: it lists no model at all");
    }
    format!(
        "the model server does not know the name {name:?}; it serves {}{more}: set `model` of the \
         deployment to a name it serves, or start vLLM with `--served-model-name {name}`",
        shown.join(", ")
    )
}

/// Single-letter edits between two texts, without regard to case, with one row of memory.
fn distance(left: &str, right: &str) -> usize {
    let lower = |text: &str| text.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let (left, right): (Vec<char>, Vec<char>) = (lower(left), lower(right));
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.iter().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let exchanged = diagonal + usize::from(letter != other);
            diagonal = row[column + 1];
            row[column + 1] = exchanged.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
