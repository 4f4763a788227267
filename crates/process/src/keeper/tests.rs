use std::ffi::OsString;

use super::*;

fn parse(words: &[&str]) -> Result<Task, task::Error> {
    Task::parse(words.iter().map(OsString::from))
}

#[test]
fn the_program_and_its_arguments_are_taken_as_they_are() {
    let outer = parse(&["--", "serve", "--", "--below", "7"]).unwrap();
    assert_eq!((outer.above, outer.program), (None, "serve".into()));
    assert_eq!(outer.arguments, ["--", "--below", "7"]);

    let inner = parse(&["--below", "7", "--", "serve"]).unwrap();
    assert_eq!(inner.above, Pid::from_raw(7));
    assert_eq!((inner.program, inner.arguments), ("serve".into(), vec![]));
}

#[test]
fn a_command_line_nobody_wrote_for_it_is_refused() {
    for words in [&[][..], &["serve"], &["--"], &["--below", "x", "--", "serve"], &["--below"]] {
        assert!(parse(words).is_err(), "{words:?}");
    }
}
