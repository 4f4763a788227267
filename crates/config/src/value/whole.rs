//! Whole numbers within bounds.

use crate::value::{Invalid, Scalar};

/// A whole number from `MIN` to `MAX`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Whole<MIN, MAX> {
    /// The number brought within its bounds.
    pub const fn clamped(number: u32) -> Self {
        Self(if number < MIN {
            MIN
        } else if number > MAX {
            MAX
        } else {
            number
        })
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number as a count of things in memory.
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MAX: u32> Whole<0, MAX> {
    /// The number as a port; the bound of a port's type is 65,535.
    pub fn port(self) -> u16 {
        u16::try_from(self.0).unwrap_or(u16::MAX)
    }
}

impl<const MIN: u32, const MAX: u32> Scalar for Whole<MIN, MAX> {
    fn form() -> String {
        if MAX == u32::MAX {
            format!("whole number from {MIN}")
        } else {
            format!("whole number from {MIN} to {MAX}")
        }
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        match text.parse::<u32>() {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(Self(number)),
            _ => Err(Invalid::new(format!("`{text}` is not a {}", Self::form()))),
        }
    }

    fn text(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}
