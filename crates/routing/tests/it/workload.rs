//! Who asks what and when: conversations that grow, on a few system prompts.
//!
//! Every turn sends all that was said before, so it begins as the turn before it. Questions and
//! answers have skewed lengths: most are short, a few are whole documents.

use std::hash::{DefaultHasher, Hasher as _};
use std::time::Duration;

use bytes::Bytes;

use crate::cache::BLOCK_TOKENS;
use crate::random::Random;

const CONVERSATIONS: usize = 700;

/// Mean time between the beginnings of two conversations.
const BETWEEN: f64 = 0.30;

/// Lengths of the system prompts in tokens, the most popular first; the k-th is asked for 1/k times
/// as often as the first.
const SYSTEMS: [usize; 10] = [1200, 600, 2400, 300, 1800, 900, 3200, 500, 1500, 2000];

/// Chance that a conversation goes on after each of its turns.
const GOES_ON: f64 = 0.8;

const MOST_TURNS: usize = 16;

/// Mean time that a reader takes until the next question.
const READING: f64 = 8.0;

const TOKEN_BYTES: usize = 4;

/// A question and its answer.
pub(crate) struct Turn {
    /// Tokens of the prompt: all that was said before and the question.
    pub(crate) prompt: usize,
    /// Tokens of the answer.
    pub(crate) answer: usize,
    /// From the end of the answer to the next question.
    pub(crate) reading: Duration,
}

pub(crate) struct Conversation {
    pub(crate) begins: Duration,
    pub(crate) session: u64,
    pub(crate) turns: Vec<Turn>,
    text: Bytes,
    blocks: Vec<u64>,
}

impl Conversation {
    /// The first `tokens` of it, as a gateway sees them.
    pub(crate) fn text(&self, tokens: usize) -> Bytes {
        self.text.slice(..tokens * TOKEN_BYTES)
    }

    /// The first `tokens` of it in whole blocks, as a model server names them.
    pub(crate) fn blocks(&self, tokens: usize) -> &[u64] {
        &self.blocks[..tokens / BLOCK_TOKENS]
    }

    fn draw(begins: Duration, random: &mut Random) -> Self {
        let popularity = (1_u32..).map(|rank| 1.0 / f64::from(rank));
        let popularity: Vec<_> = popularity.take(SYSTEMS.len()).collect();
        let system = random.share(&popularity);
        let mut text = Vec::new();
        write(&mut text, SYSTEMS[system], &mut Random::new(system as u64));
        let mut turns = Vec::new();
        loop {
            let question = whole(random.log_normal(60.0, 1.4, 6000.0));
            write(&mut text, question, random);
            let prompt = text.len() / TOKEN_BYTES;
            let answer = whole(random.log_normal(150.0, 0.9, 2000.0));
            write(&mut text, answer, random);
            let reading = Duration::from_secs_f64(random.exponential(READING));
            turns.push(Turn { prompt, answer, reading });
            if turns.len() == MOST_TURNS || random.unit() > GOES_ON {
                break;
            }
        }
        let blocks = name_blocks(&text);
        Self { begins, session: random.bits(), turns, text: text.into(), blocks }
    }
}

/// The whole workload, which begins conversations at independent times.
pub(crate) fn draw(seed: u64) -> Vec<Conversation> {
    let mut random = Random::new(seed);
    let mut begins = 0.0;
    let next = |_| {
        begins += random.exponential(BETWEEN);
        Conversation::draw(Duration::from_secs_f64(begins), &mut random)
    };
    (0..CONVERSATIONS).map(next).collect()
}

fn write(text: &mut Vec<u8>, tokens: usize, random: &mut Random) {
    let bytes = tokens * TOKEN_BYTES;
    let end = text.len() + bytes;
    while text.len() < end {
        text.extend_from_slice(&random.bits().to_le_bytes());
    }
    text.truncate(end);
}

/// As servers do it: each block by a hash of itself and all before it.
fn name_blocks(text: &[u8]) -> Vec<u64> {
    let blocks = text.chunks_exact(BLOCK_TOKENS * TOKEN_BYTES);
    let names = blocks.scan(DefaultHasher::new(), |hasher, block| {
        hasher.write(block);
        Some(hasher.finish())
    });
    names.collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "draws of sizes are between 1 and some thousands"
)]
fn whole(size: f64) -> usize {
    size as usize
}
