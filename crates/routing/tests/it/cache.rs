//! A model server's prefix cache: blocks of prompts, the one used longest ago dropped first.

use std::collections::{HashMap, VecDeque};

/// Tokens of a block; two of vLLM's, to be faster.
pub(crate) const BLOCK_TOKENS: usize = 32;

pub(crate) struct Cache {
    most: usize,
    now: u64,
    /// When each block was last used.
    used: HashMap<u64, u64>,
    /// Uses in order; only the last one of a block counts.
    uses: VecDeque<(u64, u64)>,
}

impl Cache {
    pub(crate) fn new(tokens: usize) -> Self {
        let most = tokens / BLOCK_TOKENS;
        Self { most, now: 0, used: HashMap::new(), uses: VecDeque::new() }
    }

    /// How many tokens of a prompt need not be computed.
    pub(crate) fn known(&self, blocks: &[u64]) -> usize {
        blocks.iter().take_while(|block| self.used.contains_key(block)).count() * BLOCK_TOKENS
    }

    /// Keeps a prompt's blocks. Its end is dropped before its beginning, which more prompts share.
    pub(crate) fn keep(&mut self, blocks: &[u64]) {
        for block in blocks.iter().rev() {
            self.now += 1;
            self.used.insert(*block, self.now);
            self.uses.push_back((*block, self.now));
        }
        while self.used.len() > self.most {
            let Some((block, at)) = self.uses.pop_front() else { return };
            if self.used.get(&block) == Some(&at) {
                self.used.remove(&block);
            }
        }
    }
}

#[test]
fn a_beginning_is_known_as_far_as_its_blocks_were_kept() {
    let mut cache = Cache::new(4 * BLOCK_TOKENS);
    cache.keep(&[1, 2, 3]);
    assert_eq!(cache.known(&[1, 2, 9, 3]), 2 * BLOCK_TOKENS);
    cache.keep(&[1, 2]);
    cache.keep(&[7, 8]);
    assert_eq!(cache.known(&[1, 2, 3]), 2 * BLOCK_TOKENS, "3 was used longest ago");
}
