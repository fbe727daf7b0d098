//! What is said of a configuration that cannot be used: file, line and setting, but no value, for passwords stand in some.

use figment::Figment;
use figment::error::{Error, Kind};
use std::path::{Path, PathBuf};

/// A file as it was read, to find lines in.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    pub text: String,
}

impl Source {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Source, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Source { path: path.to_owned(), text })
    }

    /// File and line of a setting, as far as it stands there by itself.
    fn place(&self, setting: &[String]) -> String {
        match self.line(setting) {
            Some(line) => format!("{}, line {line}", self.path.display()),
            None => self.path.display().to_string(),
        }
    }

    fn line(&self, setting: &[String]) -> Option<usize> {
        let mut table = String::new();
        let at = self.text.lines().position(|line| {
            let line = line.trim();
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
                table = name.trim().to_owned();
            }
            let Some(key) = key(line) else { return false };
            let whole = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
            let wanted = setting.join(".");
            // `reader = { private = … }` stands for all that is in it.
            wanted == whole || wanted.strip_prefix(&whole).is_some_and(|rest| rest.starts_with('.'))
        })?;
        Some(at + 1)
    }
}

/// The name in `name = value`; what is no plain name may be part of a value.
fn key(line: &str) -> Option<&str> {
    let key = line.split_once('=')?.0.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!key.is_empty() && key.chars().all(plain)).then_some(key)
}

/// All that is wrong, a line each.
pub fn explain(error: Error, file: Option<&Source>) -> String {
    error.into_iter().map(|error| one(&error, file)).collect::<Vec<_>>().join("\n")
}

fn one(error: &Error, file: Option<&Source>) -> String {
    if let (Kind::Message(text), Some(file)) = (&error.kind, file)
        && let Some(line) = syntax(text)
    {
        return broken(file, line);
    }
    let name = error.metadata.as_ref().map_or("", |metadata| metadata.name.as_ref());
    format!("{}: {}", named(name, &error.path, file), wrong(&error.kind))
}

/// Where the value of a setting comes from, and how the setting is called there.
pub fn origin(figment: &Figment, setting: &str, file: Option<&Source>) -> String {
    let name = figment.find_metadata(setting).map_or("", |metadata| metadata.name.as_ref());
    named(name, &setting.split('.').map(str::to_owned).collect::<Vec<_>>(), file)
}

fn named(provider: &str, setting: &[String], file: Option<&Source>) -> String {
    let name = setting.join(".");
    if provider.contains("environment variable") {
        return format!("CENACLE_{}", setting.join("__").to_ascii_uppercase());
    }
    if provider.contains("Flags") {
        return format!("--{}", name.replace('_', "-"));
    }
    match file {
        Some(file) if provider.contains("TOML") => format!("{}: {name}", file.place(setting)),
        _ => name,
    }
}

/// The line in which the parser lost its way. What it says besides shows the line itself.
fn syntax(text: &str) -> Option<usize> {
    let rest = text.trim_start().strip_prefix("TOML parse error at line ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn broken(file: &Source, line: usize) -> String {
    let setting = line.checked_sub(1).and_then(|at| file.text.lines().nth(at)).and_then(key);
    let setting = setting.map_or(String::new(), |key| format!(": {key}"));
    format!(
        "{}, line {line}{setting}: this is no TOML. Is a quote or a bracket missing, here or above, or does the setting stand there already?",
        file.path.display()
    )
}

fn wrong(kind: &Kind) -> String {
    match kind {
        Kind::InvalidType(_, expected)
        | Kind::InvalidValue(_, expected)
        | Kind::InvalidLength(_, expected) => {
            format!("{expected} is expected")
        }
        Kind::UnknownVariant(_, known) => format!("one of {} is expected", known.join(", ")),
        Kind::UnknownField(name, known) => {
            format!("there is no setting '{name}'; there are {}", known.join(", "))
        }
        Kind::MissingField(name) => format!("{name} is missing"),
        Kind::DuplicateField(name) => format!("{name} stands there twice"),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => "the number is too large or too small".into(),
        Kind::Unsupported(_) | Kind::UnsupportedKey(..) => "a value of another kind is expected".into(),
        // What types of the standard library say shows no value: "invalid socket address syntax".
        Kind::Message(text) if text.starts_with("invalid ") && text.ends_with(" syntax") => text.clone(),
        Kind::Message(_) => "the value cannot be read".into(),
    }
}
