//! Amounts of memory.

use crate::value::{Invalid, Scalar};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// Largest size accepted. No limit of a gateway is meant to be larger.
const LARGEST: u64 = 64 * GIB;

/// A number of bytes, at least one. Written as `20MiB`, `64KiB`, `1GiB`, `10MB` (decimal) or a
/// plain number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(u64);

impl ByteSize {
    /// For defaults.
    pub(crate) const fn bytes(count: u64) -> Self {
        Self(count)
    }

    /// For defaults.
    pub(crate) const fn kib(count: u64) -> Self {
        Self(count * KIB)
    }

    /// For defaults.
    pub(crate) const fn mib(count: u64) -> Self {
        Self(count * MIB)
    }

    /// The number of bytes; on a 32-bit machine at most what it can address.
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Scalar for ByteSize {
    fn form() -> String {
        "size".to_owned()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let scale = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => Some(1),
            "kb" => Some(1000),
            "mb" => Some(1_000_000),
            "gb" => Some(1_000_000_000),
            "kib" => Some(KIB),
            "mib" => Some(MIB),
            "gib" => Some(GIB),
            _ => None,
        };
        let (Ok(count), Some(scale)) = (number.parse::<u64>(), scale) else {
            return Err(Invalid::new(format!("`{text}` is not a size"))
                .hint("write 20MiB, 64KiB or a number of bytes"));
        };
        match count.checked_mul(scale) {
            Some(0) => Err(Invalid::new("must be larger than zero")),
            Some(bytes) if bytes <= LARGEST => Ok(Self(bytes)),
            _ => Err(Invalid::new(format!("`{text}` is larger than 64GiB"))),
        }
    }

    fn text(&self) -> Option<String> {
        let units = [(GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")];
        let unit = units.iter().find(|(size, _)| self.0.is_multiple_of(*size));
        Some(match unit {
            Some((size, name)) => format!("{}{name}", self.0 / size),
            None => self.0.to_string(),
        })
    }
}
