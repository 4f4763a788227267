//! What reaches the operator of a program's output.

use std::sync::{Arc, Mutex, mpsc};

use transom_process::output::LINE_LIMIT;

use crate::children::{SOON, Script, eventually, status};

const MEGABYTE: usize = 1024 * 1024;
/// `yes` writes lines of this many bytes.
const FLOOD_LINE: usize = 128;
const FLOOD_LINES: usize = 64 * MEGABYTE / FLOOD_LINE;

#[tokio::test]
async fn the_last_words_of_a_program_are_not_lost() {
    let mut child = Script::new("seq 1 5000; echo oops >&2; printf 'no end'; exit 3").start();
    child.supervised.outcome().await;
    let mut expected: Vec<String> = (1..=5000).map(|number| format!("child| {number}")).collect();
    expected.extend(["child| oops", "child| no end"].map(str::to_owned));
    assert_eq!(child.rest(), expected);
}

#[tokio::test]
async fn a_line_without_measure_is_cut() {
    let text = "head -c 20000 /dev/zero | tr '\\0' x; echo; echo next";
    let mut child = Script::new(text).start();
    child.supervised.outcome().await;
    let cut = format!("child| {} … {} bytes cut", "x".repeat(LINE_LIMIT), 20_000 - LINE_LIMIT);
    assert_eq!(child.rest(), [cut, "child| next".to_owned()]);
}

/// The terminal is stopped while 64 MB come: the program must get rid of all of it, in a memory
/// that does not grow with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_flood_never_blocks_the_program_nor_fills_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let done = folder.path().join("done");
    let line = "y".repeat(FLOOD_LINE - 1);
    let flood = format!("yes {line} | head -n {FLOOD_LINES}; echo over; : > '{}'", done.display());

    let (release, released) = mpsc::channel::<()>();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&lines);
    let sink = move |line: &str| {
        // Fails from the moment the sender is dropped, which opens the sink for good.
        let _ = released.recv();
        taken.lock().unwrap().push(line.to_owned());
    };
    let before = peak_memory();
    let (supervised, _) = Script::new(&flood).start_into(sink);
    eventually(6 * SOON, "the program wrote it all", || done.exists());
    drop(release);
    supervised.outcome().await;

    let lines = lines.lock().unwrap();
    let dropped: usize = lines
        .iter()
        .filter_map(|line| line.strip_prefix("child| … ")?.strip_suffix(" lines dropped"))
        .map(|count| count.parse::<usize>().unwrap())
        .sum();
    assert!(dropped > FLOOD_LINES / 2, "{dropped}");
    let notices = lines.iter().filter(|line| line.ends_with(" lines dropped")).count();
    assert_eq!(lines.len() - notices + dropped, FLOOD_LINES + 1);
    assert_eq!(lines.last().map(String::as_str), Some("child| over"));
    let grown = peak_memory().saturating_sub(before);
    assert!(grown < 32 * MEGABYTE, "{grown} bytes");
}

fn peak_memory() -> usize {
    let own = i32::try_from(std::process::id()).unwrap();
    status(own, "VmHWM").parse::<usize>().unwrap() * 1024
}
