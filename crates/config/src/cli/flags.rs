//! The flags of the settings, made from their declarations.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};

use crate::{
    Draft, Origin, section,
    setting::{Absent, Arity, Declaration, Flag},
    value::Raw,
};

/// The flags an operator wrote.
///
/// Their values are kept as text: they are read by the same code as variables and files.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    written: Vec<(&'static str, Raw, Flag)>,
}

impl Flags {
    pub(crate) fn lower(self) -> Draft {
        let mut draft = Draft::default();
        for (path, raw, flag) in self.written {
            draft.put(path, raw, Origin::Flag(flag.name));
        }
        draft
    }
}

fn flagged() -> impl Iterator<Item = (&'static str, Declaration, Flag)> {
    section::all().into_iter().flat_map(|section| {
        let title = section.title;
        section
            .declarations
            .into_iter()
            .filter_map(move |found| found.meta.flag.map(|flag| (title, found, flag)))
    })
}

fn argument(title: &'static str, declaration: &Declaration, flag: Flag) -> Arg {
    let path = declaration.meta.path;
    let default = match &declaration.default {
        Absent::Value(Raw::Scalar(text)) => format!(" [default: {text}]"),
        Absent::Value(Raw::List(_)) => String::new(),
        Absent::Unset(text) => format!(" [without: {text}]"),
    };
    let arg = Arg::new(path)
        .long(flag.name)
        .help_heading(title)
        .help(format!("{}{default}", declaration.meta.doc));
    let arg = match flag.alias {
        Some(alias) => arg.visible_alias(alias),
        None => arg,
    };
    match flag.arity {
        Arity::One => arg.value_name(flag.value).action(ArgAction::Set).overrides_with(path),
        Arity::Many => arg.value_name(flag.value).action(ArgAction::Append),
        Arity::Switch => arg.action(ArgAction::SetTrue).overrides_with(path),
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        command
            .args(flagged().map(|(title, declaration, flag)| argument(title, &declaration, flag)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut written = Vec::new();
        for (_, declaration, flag) in flagged() {
            let path = declaration.meta.path;
            if matches.value_source(path) != Some(ValueSource::CommandLine) {
                continue;
            }
            let texts = || matches.get_many::<String>(path).into_iter().flatten().cloned();
            let raw = match flag.arity {
                Arity::One => texts().next_back().map(Raw::Scalar),
                Arity::Many => Some(Raw::List(texts().collect())),
                Arity::Switch => Some(Raw::Scalar("true".to_owned())),
            };
            written.extend(raw.map(|raw| (path, raw, flag)));
        }
        Ok(Self { written })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
