//! Lengths of time.

use std::time::Duration;

use crate::value::{Invalid, Scalar};

/// Longest time accepted, one year: adding it to an instant cannot overflow.
const LONGEST: Duration = Duration::from_hours(365 * 24);

/// Written as `300s`, `2m`, `250ms`, `1h` or plain seconds (`1.5`); zero is a value like another.
impl Scalar for Duration {
    fn form() -> String {
        "duration".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let scale = match unit.trim() {
            "ms" => 0.001,
            "" | "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => return Err(malformed(text)),
        };
        let seconds = number.parse::<f64>().map_err(|_| malformed(text))? * scale;
        match Self::try_from_secs_f64(seconds) {
            Ok(span) if span <= LONGEST => Ok(span),
            _ => Err(Invalid::new(format!("`{text}` is longer than a year"))),
        }
    }

    fn text(&self) -> Option<String> {
        Some(match (self.as_secs(), self.subsec_nanos()) {
            (seconds, 0) => format!("{seconds}s"),
            (_, nanos) if nanos % 1_000_000 == 0 => format!("{}ms", self.as_millis()),
            _ => format!("{}s", self.as_secs_f64()),
        })
    }
}

fn malformed(text: &str) -> Invalid {
    Invalid::new(format!("`{text}` is not a duration"))
        .hint("write 300s, 2m, 250ms or plain seconds")
}

/// A length of time that is not zero: a bound on a wait, or a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeout(Duration);

impl Timeout {
    /// For defaults; zero becomes one nanosecond.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::new(seconds, if seconds == 0 { 1 } else { 0 }))
    }

    /// The time itself.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl Scalar for Timeout {
    fn form() -> String {
        Duration::form()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        match Duration::read(text)? {
            Duration::ZERO => Err(Invalid::new("must be longer than zero")),
            span => Ok(Self(span)),
        }
    }

    fn text(&self) -> Option<String> {
        self.0.text()
    }
}
