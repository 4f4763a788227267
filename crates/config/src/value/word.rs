//! Words whose meaning `transom-core` declares.

use transom_core::{
    backend::{ApiKind, ProbeStyle},
    model::{Mode, Strategy},
};

use crate::value::{Invalid, Scalar, unknown_word};

/// Every choice of a type with its word.
trait Words: Copy + PartialEq + Sized + 'static {
    fn words() -> Vec<(&'static str, Self)>;
}

impl Words for Strategy {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|strategy| (strategy.word(), strategy)).to_vec()
    }
}

impl Words for Mode {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|mode| (mode.word(), mode)).to_vec()
    }
}

impl Words for ProbeStyle {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("active", Self::Active), ("passive", Self::Passive)]
    }
}

impl Words for ApiKind {
    fn words() -> Vec<(&'static str, Self)> {
        Self::ALL.map(|kind| (kind.word(), kind)).to_vec()
    }
}

/// The words may also be written with hyphens.
impl Scalar for ApiKind {
    fn form() -> String {
        form::<Self>()
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        read(&text.replace('-', "_")).map_err(|_: Invalid| {
            let words: Vec<_> = Self::words().iter().map(|(word, _)| *word).collect();
            unknown_word(text, &words)
        })
    }

    fn text(&self) -> Option<String> {
        text(*self)
    }
}

fn form<T: Words>() -> String {
    let words: Vec<_> = T::words().iter().map(|(word, _)| format!("`{word}`")).collect();
    words.join(" or ")
}

fn read<T: Words>(text: &str) -> Result<T, Invalid> {
    let words = T::words();
    let found = words.iter().find(|(word, _)| text.eq_ignore_ascii_case(word));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        unknown_word(text, &words)
    })
}

fn text<T: Words>(value: T) -> Option<String> {
    let words = T::words();
    words.iter().find(|(_, known)| *known == value).map(|(word, _)| (*word).to_owned())
}

macro_rules! scalar {
    ($($name:ty),+) => {$(
        impl Scalar for $name {
            fn form() -> String {
                form::<Self>()
            }

            fn read(text: &str) -> Result<Self, Invalid> {
                read(text)
            }

            fn text(&self) -> Option<String> {
                text(*self)
            }
        }
    )+};
}
scalar!(Strategy, Mode, ProbeStyle);
