//! JSON shapes that describe themselves, so that the description of the admin API is made of the
//! very types that are sent and cannot differ from them.
//!
//! [`shape!`] defines a struct together with its JSON and its schema; the documentation of a field
//! is its description. Fields that are absent are left out, never `null`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// A JSON schema, as far as the admin API needs it (JSON Schema 2020-12, as `OpenAPI` 3.1 uses it).
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Schema {
    /// One of the named shapes.
    Named {
        #[serde(rename = "$ref")]
        reference: String,
    },
    /// `string`, `integer`, `number`, `boolean` or `object`: any of that kind.
    Plain {
        #[serde(rename = "type")]
        kind: &'static str,
    },
    /// One of two kinds.
    Either {
        #[serde(rename = "type")]
        kinds: [&'static str; 2],
    },
    /// One of these texts.
    Words {
        #[serde(rename = "type")]
        kind: &'static str,
        #[serde(rename = "enum")]
        words: Vec<&'static str>,
    },
    /// A list.
    List {
        #[serde(rename = "type")]
        kind: &'static str,
        items: Box<Schema>,
    },
    /// An object.
    Object(Object),
}

/// The schema of an object.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Object {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) description: String,
    pub(crate) properties: BTreeMap<&'static str, Property>,
    pub(crate) required: Vec<&'static str>,
}

/// The schema of a field.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Property {
    pub(crate) description: String,
    #[serde(flatten)]
    pub(crate) schema: Schema,
}

impl Schema {
    pub(crate) fn plain(kind: &'static str) -> Self {
        Self::Plain { kind }
    }

    pub(crate) fn words(words: Vec<&'static str>) -> Self {
        Self::Words { kind: "string", words }
    }

    pub(crate) fn list(items: Self) -> Self {
        Self::List { kind: "array", items: Box::new(items) }
    }
}

/// The named shapes.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Definitions(BTreeMap<&'static str, Schema>);

impl Definitions {
    /// Refers to the shape called `name`; `describe` is asked once.
    pub(crate) fn named(
        &mut self,
        name: &'static str,
        describe: impl FnOnce(&mut Self) -> Object,
    ) -> Schema {
        if !self.0.contains_key(name) {
            // Keeps a shape that holds itself from being described for ever.
            self.0.insert(name, Schema::plain("object"));
            let object = describe(self);
            self.0.insert(name, Schema::Object(object));
        }
        Schema::Named { reference: format!("#/components/schemas/{name}") }
    }
}

/// Something that knows its schema.
pub(crate) trait Shape {
    /// Whether it may be left out.
    const OPTIONAL: bool = false;

    /// Its schema; the shapes in it are added to `all`.
    fn schema(all: &mut Definitions) -> Schema;

    /// Whether this one is left out.
    fn is_absent(&self) -> bool {
        false
    }
}

impl<T: Shape> Shape for Option<T> {
    const OPTIONAL: bool = true;

    fn schema(all: &mut Definitions) -> Schema {
        T::schema(all)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn schema(all: &mut Definitions) -> Schema {
        Schema::list(T::schema(all))
    }
}

/// Shapes of JSON's own kinds.
macro_rules! plain {
    ($($kind:literal: $($type:ty),*;)*) => {$($(
        impl Shape for $type {
            fn schema(_: &mut Definitions) -> Schema {
                Schema::plain($kind)
            }
        }
    )*)*};
}

plain! {
    "string": String, &'static str, Arc<str>;
    "integer": u16, u32, u64, i64, usize;
    "number": f32, f64, Seconds;
    "boolean": bool;
}

/// A length of time, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seconds(pub(crate) Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.subsec_nanos() == 0 {
            serializer.serialize_u64(self.0.as_secs())
        } else {
            serializer.serialize_f64(self.0.as_secs_f64())
        }
    }
}

/// Defines a struct that is answered (`answer struct`) or read (`request struct`).
macro_rules! shape {
    ($(#[doc = $doc:literal])* answer struct $name:ident {
        $($(#[doc = $text:literal])* $field:ident: $type:ty,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub(crate) struct $name { $($(#[doc = $text])* pub(crate) $field: $type,)* }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = to.serialize_map(None)?;
                $(if !$crate::shape::Shape::is_absent(&self.$field) {
                    map.serialize_entry(stringify!($field), &self.$field)?;
                })*
                map.end()
            }
        }

        $crate::shape::shape!(@describe $name, concat!($($doc),*),
            $($field: $type, concat!($($text),*);)*);
    };
    ($(#[doc = $doc:literal])* request struct $name:ident {
        $($(#[doc = $text:literal])* $field:ident: $type:ty,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name { $($(#[doc = $text])* pub(crate) $field: $type,)* }

        $crate::shape::shape!(@describe $name, concat!($($doc),*),
            $($field: $type, concat!($($text),*);)*);
    };
    (@describe $name:ident, $doc:expr, $($field:ident: $type:ty, $text:expr;)*) => {
        impl $crate::shape::Shape for $name {
            fn schema(all: &mut $crate::shape::Definitions) -> $crate::shape::Schema {
                all.named(stringify!($name), |all| {
                    let mut object = $crate::shape::object($doc);
                    $(object.add::<$type>(stringify!($field), $text, all);)*
                    object
                })
            }
        }
    };
}

/// Defines a type for one of a closed set of words.
macro_rules! words {
    ($(#[doc = $doc:literal])* $name:ident of $words:expr) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, serde::Serialize)]
        #[serde(transparent)]
        pub(crate) struct $name(pub(crate) &'static str);

        impl $crate::shape::Shape for $name {
            fn schema(_: &mut $crate::shape::Definitions) -> $crate::shape::Schema {
                $crate::shape::Schema::words($words.to_vec())
            }
        }
    };
}

pub(crate) use {shape, words};

/// An object without fields yet.
pub(crate) fn object(doc: &str) -> Object {
    let (properties, required) = (BTreeMap::new(), Vec::new());
    Object { kind: "object", description: doc.trim().to_owned(), properties, required }
}

impl Object {
    /// Adds a field.
    pub(crate) fn add<T: Shape>(
        &mut self,
        name: &'static str,
        text: &'static str,
        all: &mut Definitions,
    ) {
        let description = text.trim().to_owned();
        self.properties.insert(name, Property { description, schema: T::schema(all) });
        if !T::OPTIONAL {
            self.required.push(name);
        }
    }
}
