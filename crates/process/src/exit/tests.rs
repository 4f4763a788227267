use super::*;

#[test]
fn the_supervisor_ends_with_the_codes_scripts_rely_on() {
    let codes = [
        (Exit::Code(7), 7),
        (Exit::Code(0), 1),
        (Exit::Signal(9), 247),
        (Exit::Signal(15), 241),
        (Exit::NotStarted(2), 2),
    ];
    for (exit, code) in codes {
        assert_eq!(exit.supervisor_code(), code, "{exit}");
    }
}

#[test]
fn a_report_says_exactly_how_the_program_ended() {
    for exit in [Exit::Code(137), Exit::Signal(9), Exit::NotStarted(13)] {
        assert_eq!(Exit::from_report(exit.report().as_bytes()), Some(exit));
    }
    for broken in ["", "exited 7", "exited\n", "exited 300\n", "gone 1\n"] {
        assert_eq!(Exit::from_report(broken.as_bytes()), None, "{broken:?}");
    }
}

#[test]
fn without_a_report_the_keepers_own_status_is_read() {
    let status = ExitStatus::from_raw;
    assert_eq!(Exit::from_keeper(status(7 << 8)), Exit::Code(7));
    assert_eq!(Exit::from_keeper(status(137 << 8)), Exit::Signal(9));
    assert_eq!(Exit::from_keeper(status(9)), Exit::Signal(9));
}
