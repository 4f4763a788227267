//! Prices.

use crate::value::{Invalid, Scalar};

/// A number from 0 on, in whatever currency the operator counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amount(f64);

impl Amount {
    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Scalar for Amount {
    fn form() -> String {
        "number from 0".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(Self(number)),
            _ => Err(Invalid::new(format!("`{text}` is not a {}", Self::form()))),
        }
    }

    fn text(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}
