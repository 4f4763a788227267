use super::super::super::tests::{bits, ids};
use super::{MAX_HOLDERS, MAX_NODES, Owner, PLACES, SETS, Tree};

fn owners(count: usize) -> Vec<Owner> {
    ids(count).iter().map(Owner::of).collect()
}

fn known(tree: &Tree, block: u64) -> Vec<Owner> {
    tree.holders(block).into_iter().flatten().filter(|owner| *owner != Owner::default()).collect()
}

#[test]
fn a_block_is_remembered_for_the_last_few_it_was_sent_to() {
    let owners = owners(MAX_HOLDERS + 1);
    let mut tree = Tree::default();
    assert_eq!(known(&tree, 5), []);
    for owner in &owners[..MAX_HOLDERS] {
        tree.insert(&[5, 6], *owner);
    }
    assert_eq!(known(&tree, 5), owners[..MAX_HOLDERS]);
    // Seen again, the first is not the oldest any more: the second gives way.
    tree.insert(&[5], owners[0]);
    tree.insert(&[5], owners[MAX_HOLDERS]);
    assert_eq!(known(&tree, 5), [owners[0], owners[4], owners[2], owners[3]]);
    assert_eq!(known(&tree, 6), owners[..MAX_HOLDERS]);
    tree.forget(owners[0]);
    assert_eq!(known(&tree, 5), [owners[4], owners[2], owners[3]]);
}

#[test]
fn the_oldest_of_a_full_set_gives_way_even_when_the_count_goes_round() {
    let owner = owners(1)[0];
    let mut tree = Tree { now: u32::MAX - 3, ..Tree::default() };
    let block = |k: usize| (7 + k * SETS) as u64;
    for k in 0..PLACES {
        tree.insert(&[block(k)], owner);
    }
    tree.insert(&[block(0)], owner);
    tree.insert(&[block(PLACES)], owner);
    let left: Vec<_> = (0..=PLACES).filter(|k| known(&tree, block(*k)) == [owner]).collect();
    assert_eq!(left, [0, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn memory_is_bounded_and_what_was_sent_last_is_kept() {
    let owner = owners(1)[0];
    let mut tree = Tree::default();
    let blocks: Vec<u64> = (0..MAX_NODES as u64 * 2).map(|k| bits(k).max(1)).collect();
    for prompt in blocks.chunks(64) {
        tree.insert(prompt, owner);
    }
    let kept =
        |blocks: &[u64]| blocks.iter().filter(|block| known(&tree, **block) == [owner]).count();
    assert!(kept(&blocks) <= MAX_NODES);
    let last = &blocks[blocks.len() - MAX_NODES / 4..];
    assert!(kept(last) * 100 > last.len() * 99, "{} of {}", kept(last), last.len());
}
