//! Decimal numbers as text, so that moving the point costs no precision.

/// Longest number read, in digits, and furthest the point is moved.
const MOST_DIGITS: usize = 40;

/// A number that is not negative: its digits, and how many of them stand behind the point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: String,
    behind: usize,
}

impl Decimal {
    /// Reads `12`, `0.5`, `.5`, `2e-7` and the like.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (number, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let mut digits = format!("{whole}{part}");
        let exponent: i8 = exponent.parse().ok()?;
        let usable = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let mut behind = i64::try_from(part.len()).ok()? - i64::from(exponent);
        while behind < 0 {
            digits.push('0');
            behind += 1;
        }
        let behind = usize::try_from(behind).ok()?;
        let bounded = digits.len() <= MOST_DIGITS && behind <= MOST_DIGITS;
        (usable && bounded).then_some(Self { digits, behind })
    }

    /// How many digits stand behind the point.
    pub(super) fn places(&self) -> usize {
        if self.digits.bytes().all(|digit| digit == b'0') {
            return 0;
        }
        let zeros = self.digits.bytes().rev().take_while(|digit| *digit == b'0').count();
        self.behind.saturating_sub(zeros)
    }

    /// The number with its point `places` further right, as plain digits.
    pub(super) fn shifted(&self, places: usize) -> String {
        let mut digits = self.digits.clone();
        let mut behind = self.behind;
        for _ in 0..places {
            match behind {
                0 => digits.push('0'),
                _ => behind -= 1,
            }
        }
        let padded = format!("{digits:0>width$}", width = behind + 1);
        let (whole, part) = padded.split_at(padded.len() - behind);
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        match part.trim_end_matches('0') {
            "" => whole.to_owned(),
            part => format!("{whole}.{part}"),
        }
    }
}
