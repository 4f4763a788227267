//! A value of a file together with the place it stands at.

use std::sync::Arc;

use serde_saphyr::Spanned;

use crate::{
    Origin,
    yaml::{Node, Tree},
};

/// A file, read into its tree.
pub(super) struct Document<'a> {
    /// Its name in messages.
    pub(super) file: Arc<str>,
    /// What it holds.
    pub(super) tree: &'a Tree<'a>,
}

/// A value of a file, with the line of its key and the way there.
#[derive(Clone)]
pub(super) struct Place<'a> {
    document: &'a Document<'a>,
    node: &'a Spanned<Node>,
    line: u64,
    key: String,
}

impl<'a> Place<'a> {
    /// The whole file.
    pub(super) fn root(document: &'a Document<'a>) -> Self {
        let node = &document.tree.root;
        Self { document, node, line: node.referenced.line(), key: String::new() }
    }

    /// File, line and key.
    pub(super) fn origin(&self) -> Origin {
        let file = Arc::clone(&self.document.file);
        Origin::File { file, line: self.line, key: self.key.clone() }
    }

    /// Whether nothing is written.
    pub(super) fn is_null(&self) -> bool {
        matches!(self.node.value, Node::Null)
    }

    /// Whether it asks for nothing: a function that does not exist is off already.
    pub(super) fn is_off(&self) -> bool {
        match &self.node.value {
            Node::Null => true,
            Node::Text(word) | Node::Plain(word) => {
                ["", "false", "off", "no"].iter().any(|off| word.eq_ignore_ascii_case(off))
            }
            Node::List(items) => items.is_empty(),
            Node::Map(entries) => entries.is_empty(),
        }
    }

    /// A scalar as the file spells it; `None` for null and for what is not a scalar.
    pub(super) fn spelling(&self) -> Option<String> {
        self.document.tree.spelling(self.node)
    }

    /// The entries of a mapping, in the order of the file; null is an empty one. `None`: it is
    /// something else.
    pub(super) fn fields(&self) -> Option<Vec<(&'a str, Self)>> {
        let entries = match &self.node.value {
            Node::Map(entries) => entries.as_slice(),
            Node::Null => &[],
            Node::Text(_) | Node::Plain(_) | Node::List(_) => return None,
        };
        let dot = if self.key.is_empty() { "" } else { "." };
        let field = |(name, node): &'a (Spanned<String>, Spanned<Node>)| {
            let key = format!("{}{dot}{}", self.key, name.value);
            let line = name.referenced.line();
            (name.value.as_str(), Self { document: self.document, node, line, key })
        };
        Some(entries.iter().map(field).collect())
    }

    /// The items of a list; null is an empty one. `None`: it is something else.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        let items = match &self.node.value {
            Node::List(items) => items.as_slice(),
            Node::Null => &[],
            Node::Text(_) | Node::Plain(_) | Node::Map(_) => return None,
        };
        let item = |(index, node): (usize, &'a Spanned<Node>)| {
            let key = format!("{}[{index}]", self.key);
            Self { document: self.document, node, line: node.referenced.line(), key }
        };
        Some(items.iter().enumerate().map(item).collect())
    }
}
