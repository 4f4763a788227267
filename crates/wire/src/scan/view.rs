//! One level of a validated JSON value.

use std::borrow::Cow;

use super::grammar::{Container, MAX_DEPTH, Visitor, walk};
use super::string::{Rules, unescape};
use super::{Error, Span};

/// A value, with the values in it left as text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum View<'a> {
    Null,
    Bool(bool),
    /// As it is spelled.
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<&'a str>),
    Object(Vec<Member<'a>>),
}

/// One member of an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: &'a str,
    /// Where the value begins in the text of the object.
    pub(crate) at: usize,
}

impl<'a> View<'a> {
    /// The value of a member, if this is an object that has it.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        match self {
            Self::Object(members) => {
                members.iter().find(|member| member.name == name).map(|member| member.value)
            }
            _ => None,
        }
    }
}

/// Looks at one level of a value. The errors are those of a value nobody validated before.
pub(crate) fn view(text: &str) -> Result<View<'_>, Error> {
    let mut shallow = Shallow { text, key: Cow::Borrowed(""), start: 0, view: View::Null };
    walk(text, MAX_DEPTH, &mut shallow)?;
    Ok(shallow.view)
}

struct Shallow<'a> {
    text: &'a str,
    key: Cow<'a, str>,
    start: usize,
    view: View<'a>,
}

impl Shallow<'_> {
    fn inner(&mut self, span: Span) {
        let value = &self.text[span.clone()];
        match &mut self.view {
            View::Array(elements) => elements.push(value),
            View::Object(members) => {
                let name = std::mem::take(&mut self.key);
                members.push(Member { name, value, at: span.start });
            }
            _ => {}
        }
    }
}

impl<'a> Visitor<'a> for Shallow<'a> {
    const RULES: Rules = Rules::Grammar;

    fn key(&mut self, key: &'a str, _at: usize, depth: u32) -> Result<(), Error> {
        if depth == 1 {
            self.key = unescape(key);
        }
        Ok(())
    }

    fn scalar(&mut self, span: Span, depth: u32) -> Result<(), Error> {
        match depth {
            0 => self.view = scalar(&self.text[span]),
            1 => self.inner(span),
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, container: Container, at: usize, depth: u32) -> Result<(), Error> {
        match (depth, container) {
            (0, Container::Object) => self.view = View::Object(Vec::new()),
            (0, Container::Array) => self.view = View::Array(Vec::new()),
            (1, _) => self.start = at,
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, _container: Container, end: usize, depth: u32) -> Result<(), Error> {
        if depth == 1 {
            self.inner(self.start..end);
        }
        Ok(())
    }
}

fn scalar(text: &str) -> View<'_> {
    match text {
        "null" => View::Null,
        "true" => View::Bool(true),
        "false" => View::Bool(false),
        _ => match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(inside) => View::String(unescape(inside)),
            None => View::Number(text),
        },
    }
}
