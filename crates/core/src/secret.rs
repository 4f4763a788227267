//! Text that must not be shown.

use std::fmt;

use zeroize::Zeroizing;

/// A credential: it has no `Display`, no `Serialize`, a `Debug` that hides it, and its memory is
/// wiped on drop. [`Secret::expose`] is the only way to the text, so a search for that word finds
/// every use.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a credential as it was read from a flag, a variable or a file.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for comparing and for sending to the peer it belongs to.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
