use super::imf_fixdate;

#[test]
fn known_seconds_are_the_dates_of_the_calendar() {
    for (seconds, date) in [
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
    ] {
        assert_eq!(imf_fixdate(seconds), date);
    }
}
