//! How a setting is declared: once, in the file of its section.
//!
//! `section!` turns one declaration into the field of a struct, the flag, the variable, the key
//! in `transom.yaml`, the code that reads it and its row in the reference.

use crate::value::{Invalid, Raw, Value};

/// A flag that sets a value.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// Without the dashes.
    pub name: &'static str,
    /// What `--help` shows in place of the value.
    pub value: &'static str,
    /// How often it may be written and whether a value follows.
    pub arity: Arity,
    /// Another name of it, that of a program whose command line is taken too.
    pub alias: Option<&'static str>,
}

/// How often a flag may be written and whether a value follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// One value; the last one wins.
    One,
    /// One value each time, all of them count.
    Many,
    /// No value: the flag itself means `true`.
    Switch,
}

/// Whether a setting already does what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It has its effect.
    Honoured,
    /// It is checked; turning its function on is a problem until that function exists.
    Later,
}

/// Everything about a setting except its type.
#[derive(Debug, Clone, Copy)]
pub struct Meta {
    /// Dotted key in `transom.yaml`; also the setting's name within this crate.
    pub path: &'static str,
    /// What it does, one or two sentences.
    pub doc: &'static str,
    /// The flag, if there is one.
    pub flag: Option<Flag>,
    /// The environment variable, if there is one.
    pub variable: Option<&'static str>,
    /// Whether it does something yet.
    pub status: Status,
}

impl Meta {
    pub(crate) const fn new(path: &'static str, doc: &'static str) -> Self {
        Self { path, doc, flag: None, variable: None, status: Status::Honoured }
    }

    pub(crate) const fn flag(mut self, name: &'static str, value: &'static str) -> Self {
        self.flag = Some(Flag { name, value, arity: Arity::One, alias: None });
        self
    }

    pub(crate) const fn repeated_flag(mut self, name: &'static str, value: &'static str) -> Self {
        self.flag = Some(Flag { name, value, arity: Arity::Many, alias: None });
        self
    }

    pub(crate) const fn switch(mut self, name: &'static str) -> Self {
        self.flag = Some(Flag { name, value: "", arity: Arity::Switch, alias: None });
        self
    }

    /// A flag of one value with another name.
    pub(crate) const fn flag_or(
        mut self,
        name: &'static str,
        alias: &'static str,
        value: &'static str,
    ) -> Self {
        self.flag = Some(Flag { name, value, arity: Arity::One, alias: Some(alias) });
        self
    }

    pub(crate) const fn variable(mut self, name: &'static str) -> Self {
        self.variable = Some(name);
        self
    }

    pub(crate) const fn later(mut self) -> Self {
        self.status = Status::Later;
        self
    }
}

/// A setting as the reference, the command line and the file reader see it.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Names, documentation and status.
    pub meta: Meta,
    /// What to write.
    pub form: String,
    /// The default as written, or what happens without a value.
    pub default: Absent,
    /// Whether a text would be accepted, and why not.
    pub accepts: fn(&Raw) -> Result<(), Invalid>,
}

/// What holds when nobody writes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absent {
    /// This value.
    Value(Raw),
    /// What this sentence says.
    Unset(&'static str),
}

impl Declaration {
    pub(crate) fn with_default<T: Value>(meta: Meta, default: &T) -> Self {
        let default = default.render().map_or(Absent::Unset("not shown"), Absent::Value);
        Self { meta, form: T::form(), default, accepts: |raw| T::parse(raw).map(drop) }
    }

    pub(crate) fn unset<T: Value>(meta: Meta, absent: &'static str) -> Self {
        Self {
            meta,
            form: T::form(),
            default: Absent::Unset(absent),
            accepts: |raw| T::parse(raw).map(drop),
        }
    }
}

/// Declares the settings of one section; see `section/limits.rs` for a plain example.
///
/// Each field is `[how it is also written] name: Type = default VALUE` or, when there is no
/// default value, `= unset "what happens without it"`, which makes the field an `Option`. The
/// documentation of a field is its text in the reference and in `--help`.
macro_rules! section {
    (
        $(#[doc = $section_doc:literal])+
        $(#[expect($($lint:tt)+)])?
        $visibility:vis struct $name:ident in $prefix:literal {
            $(
                $(#[doc = $doc:literal])+
                $([$($option:ident($($argument:literal),*)),+])?
                $field:ident: $kind:ty = $absent:ident $value:expr,
            )+
        }
    ) => {
        $(#[doc = $section_doc])+
        $(#[expect($($lint)+)])?
        #[derive(Debug, Clone)]
        $visibility struct $name {
            $($(#[doc = $doc])+ pub $field: $crate::setting::section!(@type $absent $kind),)+
        }

        impl $name {
            /// Every setting of the section.
            pub(crate) fn declarations() -> Vec<$crate::setting::Declaration> {
                vec![$($crate::setting::section!(
                    @declare $absent $kind, $value,
                    $crate::setting::Meta::new(
                        concat!($prefix, ".", stringify!($field)),
                        concat!($($doc),+).trim_ascii(),
                    )$($(.$option($($argument),*))+)?
                )),+]
            }

            /// Reads every setting of the section; what does not parse becomes a problem.
            pub(crate) fn read(resolver: &mut $crate::resolve::Resolver<'_>) -> Self {
                Self {
                    $($field: $crate::setting::section!(
                        @read $absent $value, resolver, concat!($prefix, ".", stringify!($field))
                    ),)+
                }
            }
        }
    };
    (@type default $kind:ty) => { $kind };
    (@type unset $kind:ty) => { Option<$kind> };
    (@declare default $kind:ty, $value:expr, $meta:expr) => {
        $crate::setting::Declaration::with_default::<$kind>($meta, &$value)
    };
    (@declare unset $kind:ty, $value:expr, $meta:expr) => {
        $crate::setting::Declaration::unset::<$kind>($meta, $value)
    };
    (@read default $value:expr, $resolver:ident, $path:expr) => {
        $resolver.value($path, $value)
    };
    (@read unset $value:expr, $resolver:ident, $path:expr) => { $resolver.optional($path) };
}
pub(crate) use section;
