use super::*;

#[test]
fn a_full_queue_drops_the_oldest_and_counts_them() {
    let queue = Queue::default();
    let line = |number: usize| format!("{number:08}{}", "x".repeat(1024 - LINE_COST - 8));
    let fits = QUEUE_LIMIT / 1024;
    for number in 0..fits + 3 {
        queue.push(line(number));
    }
    queue.close();

    assert_eq!(queue.next(), Some(Entry::Dropped(3)));
    for number in 3..fits + 3 {
        assert_eq!(queue.next(), Some(Entry::Line(line(number))));
    }
    assert_eq!(queue.next(), None);
}
