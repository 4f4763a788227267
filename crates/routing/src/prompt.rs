//! What a prompt begins with, as hashes of its blocks.
//!
//! Model servers cache what they computed for the beginning of a prompt, block by block, and a block
//! is only of use together with all before it. So block `k` is named here by a hash that covers
//! blocks `0..=k`: two prompts with an equal hash begin with the same text up to there. No tokenizer
//! is needed, since equal text gives equal tokens.

use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;

use crate::pick::hash;

/// Bytes of a block: about 64 tokens of English, which is four blocks of vLLM. Smaller ones find
/// little more and cost more; what is left after the last whole block is not looked at.
pub const BLOCK_BYTES: usize = 256;

/// Most blocks of a prompt that are looked at (128 KB): prompts that agree in that much are at home
/// in the same place whatever follows.
pub const MAX_BLOCKS: usize = 512;

/// The beginning of a prompt, hashed when a strategy first asks for it: others pay nothing.
#[derive(Clone, Default)]
pub struct Prompt {
    text: Bytes,
    seed: u64,
    blocks: OnceLock<Box<[u64]>>,
}

impl Prompt {
    /// A request without a prompt, or one whose prompt does not matter.
    pub fn none() -> Self {
        Self::default()
    }

    /// The prompt as it is sent: what is the same in two requests has to come first, so the part of
    /// a body from its messages on will do.
    pub fn of(text: Bytes) -> Self {
        Self::seeded(text, 0)
    }

    /// The same with a secret seed, without which nobody can make up two prompts with equal hashes.
    /// Such a pair would do no more than send one of them to the home of the other, within the
    /// margins of load that every strategy keeps to. Seeds must be equal for hashes to be compared.
    pub fn seeded(text: Bytes, seed: u64) -> Self {
        Self { text, seed, blocks: OnceLock::new() }
    }

    /// The hash of each whole block with all before it, at most [`MAX_BLOCKS`]; none for a prompt
    /// shorter than a block. None of them is 0.
    pub fn blocks(&self) -> &[u64] {
        self.blocks.get_or_init(|| {
            let (blocks, _) = self.text.as_chunks::<BLOCK_BYTES>();
            let chained = blocks.iter().take(MAX_BLOCKS).scan(self.seed, |before, block| {
                *before = hash::block(*before, block).max(1);
                Some(*before)
            });
            chained.collect()
        })
    }
}

/// Only its size: prompts do not belong in logs.
impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prompt({} bytes)", self.text.len())
    }
}

#[cfg(test)]
mod tests;
