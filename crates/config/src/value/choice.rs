//! Settings with a few named values.

/// Declares an enum whose variants are the words an operator may write, in any case.
///
/// The first line of each variant's documentation goes to the rustdoc; the words go to the
/// reference, to `--help` and to the error message.
macro_rules! choice {
    ($(#[doc = $doc:literal])+ $visibility:vis enum $name:ident {
        $($(#[doc = $variant_doc:literal])+ $variant:ident = $word:literal,)+
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[doc = $variant_doc])+ $variant,)+
        }

        impl $crate::value::Scalar for $name {
            fn form() -> String {
                [$($word),+].map(|word| format!("`{word}`")).join(" or ")
            }

            fn read(text: &str) -> Result<Self, $crate::value::Invalid> {
                match text.to_ascii_lowercase().as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::value::unknown_word(text, &[$($word),+])),
                }
            }

            fn text(&self) -> Option<String> {
                Some(match self { $(Self::$variant => $word,)+ }.to_owned())
            }
        }
    };
}
pub(crate) use choice;

use crate::{nearest::nearest, value::Invalid};

/// The refusal of a word that is none of the choices.
pub(crate) fn unknown_word(text: &str, words: &[&str]) -> Invalid {
    let invalid = Invalid::new(format!("`{text}` is not one of {}", words.join(", ")));
    match nearest(text, words.iter().copied()) {
        Some(word) => invalid.hint(format!("did you mean `{word}`?")),
        None => invalid,
    }
}
