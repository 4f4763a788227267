use super::*;

/// A conversation whose turns have so many tokens each; bytes are `per_token` times as many.
struct Conversation {
    tokens: Vec<u64>,
    newest: u64,
    per_token: u64,
}

impl Conversation {
    fn left(&self, gone: usize) -> u64 {
        self.newest + self.tokens[gone..].iter().sum::<u64>()
    }

    /// What is found within `budget`, and how many counts it took.
    fn shorten(&self, budget: u64) -> (Outcome, u32) {
        let weights = self.tokens.iter().map(|tokens| tokens * self.per_token).collect();
        let mut search = Search::new(weights, self.left(0) * self.per_token, budget);
        while let Some(turns) = search.next() {
            search.tell(turns, Some(self.left(turns)));
        }
        (search.outcome(), search.counts)
    }

    fn fewest(&self, budget: u64) -> Option<usize> {
        (0..=self.tokens.len()).find(|gone| self.left(*gone) <= budget)
    }
}

#[test]
fn a_prompt_that_fits_is_counted_once() {
    let talk = Conversation { tokens: vec![10; 5], newest: 10, per_token: 4 };
    assert_eq!(talk.shorten(60), (Outcome::Fits { turns: 0, tokens: 60 }, 1));
}

#[test]
fn the_fewest_turns_are_found_with_few_counts() {
    let talk = Conversation { tokens: vec![100; 1000], newest: 100, per_token: 4 };
    for budget in [100, 150, 999, 5_000, 50_000, 99_999, 100_099] {
        let (outcome, counts) = talk.shorten(budget);
        let turns = talk.fewest(budget).unwrap();
        assert_eq!(outcome, Outcome::Fits { turns, tokens: talk.left(turns) }, "{budget}");
        assert!(counts <= 3, "{budget}: {counts}");
    }
}

#[test]
fn turns_of_all_sizes_are_shortened_to_what_fits() {
    // Long and short ones in a fixed disorder.
    let tokens: Vec<u64> = (0..300_u64).map(|at| (at * at * 7919) % 997 + 1).collect();
    let talk = Conversation { tokens, newest: 50, per_token: 3 };
    for budget in (50..talk.left(0)).step_by(997) {
        let (outcome, counts) = talk.shorten(budget);
        let Outcome::Fits { turns, tokens } = outcome else { panic!("{budget}: {outcome:?}") };
        assert_eq!(tokens, talk.left(turns));
        assert_eq!(Some(turns), talk.fewest(budget), "{budget}");
        assert!(counts <= MOST_COUNTS);
    }
}

#[test]
fn one_turn_that_is_too_long_is_told() {
    let talk = Conversation { tokens: vec![10; 20], newest: 500, per_token: 4 };
    assert_eq!(talk.shorten(400).0, Outcome::TooLong { tokens: Some(500) });
}

#[test]
fn servers_that_do_not_count_what_is_too_long_are_asked_in_halves() {
    let mut search = Search::new(vec![1; 100], 101, 10);
    let mut asked = Vec::new();
    while let Some(turns) = search.next() {
        asked.push(turns);
        search.tell(turns, (turns >= 95).then_some(101 - turns as u64));
    }
    assert_eq!(search.outcome(), Outcome::Fits { turns: 95, tokens: 6 }, "{asked:?}");
    assert!(asked.len() <= MOST_COUNTS as usize, "{asked:?}");

    let mut search = Search::new(vec![1; 3], 4, 10);
    while let Some(turns) = search.next() {
        search.tell(turns, None);
    }
    assert_eq!(search.outcome(), Outcome::TooLong { tokens: None });
}

#[test]
fn after_the_last_count_everything_goes() {
    // The sizes say nothing about the tokens: all the tokens are in the last turn that can go.
    let mut search = Search::new(vec![1; 10_000], 10_001, 10);
    for _ in 0..MOST_COUNTS {
        let turns = search.next().unwrap();
        search.tell(turns, Some(11));
    }
    assert_eq!(search.next(), None);
    assert_eq!(search.outcome(), Outcome::Unproven { turns: 10_000 });
}
