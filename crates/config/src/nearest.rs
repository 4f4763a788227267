//! "Did you mean": the known word nearest to an unknown one.

use std::cmp::Reverse;

/// Longest word compared: a bound on the work an absurd key can cause.
const LONGEST: usize = 64;

/// The candidate that needs the fewest single-letter edits, if that is at most a third of the
/// word's length (and at least two are always allowed). Case is not compared.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.chars().count() > LONGEST {
        return None;
    }
    let allowed = (word.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= allowed && *edits < candidate.chars().count())
        .min_by_key(|(edits, candidate)| (*edits, Reverse(shared_start(word, candidate))))
        .map(|(_, candidate)| candidate)
}

/// Of two equally near words the one that begins alike is meant: `of` is `off`, not `on`.
fn shared_start(left: &str, right: &str) -> usize {
    left.chars().zip(right.chars()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}

/// Levenshtein distance with one row of memory; two letters in exchanged order count two.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
