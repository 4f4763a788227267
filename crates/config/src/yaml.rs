//! YAML as a tree that remembers its lines.
//!
//! Files are read into this tree, not straight into structs, because serde stops at the first key
//! it does not know, and an operator wants to hear of all of them at once. Only the dialects see
//! it; nothing else in the program handles untyped data.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

/// One value of a file.
#[derive(Debug)]
pub(crate) enum Node {
    Null,
    /// Quoted or plain text.
    Text(String),
    /// A plain scalar that YAML takes for a number or a truth value. Its spelling in the file is
    /// what counts here (`0123` as a key must not become 123): see [`Tree::spelling`].
    Plain(String),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
}

/// A parsed file.
pub(crate) struct Tree<'a> {
    text: &'a str,
    pub root: Spanned<Node>,
}

impl<'a> Tree<'a> {
    /// Parses a file; an empty one is an empty mapping. The error's text holds its line.
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_saphyr::Error> {
        let options = serde_saphyr::options! { with_snippet: false };
        serde_saphyr::from_str_with_options(text, options).map(|root| Self { text, root })
    }

    /// A scalar as the file spells it; `None` for null and for anything that is not a scalar.
    pub(crate) fn spelling(&self, node: &Spanned<Node>) -> Option<String> {
        match &node.value {
            Node::Text(text) => Some(text.clone()),
            Node::Plain(parsed) => Some(self.slice(node).unwrap_or(parsed).to_owned()),
            Node::Null | Node::List(_) | Node::Map(_) => None,
        }
    }

    fn slice(&self, node: &Spanned<Node>) -> Option<&'a str> {
        let span = node.defined.span();
        let start = usize::try_from(span.byte_offset()?).ok()?;
        let length = usize::try_from(span.byte_len()?).ok()?;
        let slice = self.text.get(start..start.checked_add(length)?)?.trim();
        (!slice.is_empty()).then_some(slice)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Plain(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}
