//! Shares.

use crate::value::{Invalid, Scalar};

/// A number from 0 to 1; what lies outside is brought to the nearer end, as the reference does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio(f64);

impl Ratio {
    /// For defaults.
    pub(crate) fn percent(percent: u8) -> Self {
        Self(f64::from(percent.min(100)) / 100.0)
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Scalar for Ratio {
    fn form() -> String {
        "number from 0 to 1".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Self(number.clamp(0.0, 1.0))),
            _ => Err(Invalid::new(format!("`{text}` is not a number from 0 to 1"))),
        }
    }

    fn text(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}
