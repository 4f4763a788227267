//! Numbers out of names and text: fast, well spread, and not for secrets.
//!
//! All of it is one step, the "folded" product of two 64-bit words: the upper half of their 128-bit
//! product, exclusive-or the lower half. It reads a prompt several times faster than the standard
//! library's hasher, which is made for keys of a few bytes.

use std::array;

use crate::prompt::BLOCK_BYTES;

/// Odd words without a pattern: the first digits of e, pi, the golden ratio and the square root of 2.
const WORDS: [u64; 4] =
    [0xb7e1_5162_8aed_2a6b, 0x243f_6a88_85a3_08d3, 0x9e37_79b9_7f4a_7c15, 0x6a09_e667_f3bc_c909];

/// Lanes of a block that are hashed side by side, so that products need not wait for each other.
const LANES: usize = 4;

/// Bytes that one product takes in.
const STEP: usize = 16;

/// The folded product.
#[expect(clippy::cast_possible_truncation, reason = "the two halves of the product are wanted")]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Both numbers as one.
pub(crate) fn mix(left: u64, right: u64) -> u64 {
    fold(fold(left ^ WORDS[0], right ^ WORDS[1]) ^ WORDS[2], WORDS[3])
}

/// A block of text together with the hash of all before it.
pub(crate) fn block(before: u64, text: &[u8; BLOCK_BYTES]) -> u64 {
    let mut lanes: [u64; LANES] = array::from_fn(|lane| before ^ WORDS[lane]);
    let (steps, _) = text.as_chunks::<STEP>();
    let (rows, _) = steps.as_chunks::<LANES>();
    for row in rows {
        for (lane, step) in lanes.iter_mut().zip(row) {
            *lane = absorb(*lane, step);
        }
    }
    mix(fold(lanes[0] ^ WORDS[1], lanes[1] ^ WORDS[2]), fold(lanes[2] ^ WORDS[3], lanes[3]))
}

/// A text of any length together with a number.
pub(crate) fn text(number: u64, text: &str) -> u64 {
    let text = text.as_bytes();
    // The length tells a text from the same one with zero bytes after it.
    let mut state = number ^ WORDS[0] ^ (text.len() as u64).wrapping_mul(WORDS[2]);
    let (steps, rest) = text.as_chunks::<STEP>();
    for step in steps {
        state = absorb(state, step);
    }
    if !rest.is_empty() {
        // The last 16 bytes, some of them for the second time, are had without a copy.
        let last = text.last_chunk::<STEP>().copied();
        state = absorb(state, &last.unwrap_or_else(|| padded(rest)));
    }
    fold(state ^ WORDS[2], WORDS[1])
}

fn padded(rest: &[u8]) -> [u8; STEP] {
    let mut step = [0; STEP];
    step[..rest.len()].copy_from_slice(rest);
    step
}

/// Takes in 16 bytes more. The product alone would forget what was before wherever its other side
/// happens to be 0, so the state is rotated in once more.
fn absorb(state: u64, step: &[u8; STEP]) -> u64 {
    let number = u128::from_le_bytes(*step);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the number are wanted")]
    let (low, high) = (number as u64, (number >> 64) as u64);
    fold(low ^ state, high ^ WORDS[3]) ^ state.rotate_left(23)
}
