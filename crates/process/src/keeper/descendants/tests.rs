use super::*;

#[test]
fn a_process_may_have_any_name() {
    let stat = b"42 (a) S 1 (\xff b) S 7 42 42 0 -1 4194560 9 0 0 0 1 2 3 4 20 0 1 0 123456 9 9\n";
    assert_eq!(parse(42, stat), Some(Process { pid: 42, parent: 7, started: 123_456 }));
    assert_eq!(parse(42, b"42 (a) S 7"), None);
}

#[test]
fn all_generations_are_found_and_nobody_else() {
    let process = |pid, parent| Process { pid, parent, started: 0 };
    let seen = vec![
        process(5, 4),
        process(1, 0),
        process(4, 2),
        process(3, 1),
        process(2, 1),
        process(6, 2),
        process(8, 9),
        process(9, 8),
    ];
    let found: Vec<i32> = below(2, seen).iter().map(|process| process.pid).collect();
    assert_eq!(found, [4, 6, 5]);
}
