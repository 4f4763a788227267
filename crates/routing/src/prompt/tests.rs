use bytes::Bytes;
use proptest::prelude::*;

use super::{BLOCK_BYTES, MAX_BLOCKS, Prompt};

fn equal_from_the_start(left: &[u64], right: &[u64]) -> usize {
    left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

proptest! {
    #[test]
    fn hashes_agree_exactly_as_far_as_the_text_does(
        text in proptest::collection::vec(any::<u8>(), 1..4096),
        change in any::<prop::sample::Index>(),
        bit in 0_u32..8,
    ) {
        let change = change.index(text.len());
        let mut other = text.clone();
        other[change] ^= 1 << bit;
        let (text, other) = (Prompt::of(Bytes::from(text)), Prompt::of(Bytes::from(other)));
        let agree = (change / BLOCK_BYTES).min(text.blocks().len());
        prop_assert_eq!(equal_from_the_start(text.blocks(), other.blocks()), agree);
        // Once they differ they never meet again, though the later text is the same.
        let met = text.blocks().iter().zip(other.blocks()).skip(agree).any(|(a, b)| a == b);
        prop_assert!(!met);
    }
}

#[test]
fn only_whole_blocks_count_and_only_so_many() {
    let text = Bytes::from(vec![b'a'; BLOCK_BYTES * (MAX_BLOCKS + 9)]);
    let blocks = |bytes: usize| Prompt::of(text.slice(..bytes)).blocks().len();
    assert_eq!(blocks(0), 0);
    assert_eq!(blocks(BLOCK_BYTES - 1), 0);
    assert_eq!(blocks(BLOCK_BYTES * 3 + 7), 3);
    assert_eq!(blocks(text.len()), MAX_BLOCKS);
    assert_eq!(Prompt::none().blocks(), &[] as &[u64]);
}

#[test]
fn zeros_moved_blocks_and_other_seeds_give_other_hashes() {
    let zeros = Bytes::from(vec![0; BLOCK_BYTES * 4]);
    let mut seen: Vec<u64> =
        [0, 1, u64::MAX].map(|seed| Prompt::seeded(zeros.clone(), seed).blocks().to_vec()).concat();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 12, "four blocks under three seeds");

    let ordered = [[1_u8; BLOCK_BYTES], [2; BLOCK_BYTES]].concat();
    let turned = [[2_u8; BLOCK_BYTES], [1; BLOCK_BYTES]].concat();
    let [ordered, turned] = [ordered, turned].map(|text| Prompt::of(text.into()));
    assert_ne!(ordered.blocks()[1], turned.blocks()[1]);
}

#[test]
fn a_prompt_does_not_show_in_a_log() {
    assert_eq!(format!("{:?}", Prompt::of(Bytes::from_static(b"secret"))), "Prompt(6 bytes)");
}
