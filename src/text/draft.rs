//! A component that is being changed: lines and children keep their bytes until they are touched.
//!
//! Knows the tree (`component`) and the grammar of a property, not what any of them means. What is
//! added stands behind the last line of its name, else before the children; ends of lines follow the source.

use super::component::{Component, Document, Edit, Limits, Malformed, apply};
use super::vcard::prop::Prop;
use std::collections::HashMap;

/// One line of the component: as it was, and as it shall be.
#[derive(Debug)]
struct Slot {
    before: Prop,
    now: Option<Prop>,
}

/// A component on its way to another text.
#[derive(Debug)]
pub(super) struct Draft<'d, 'a> {
    source: &'a str,
    component: &'d Component<'a>,
    lines: Vec<Slot>,
    added: Vec<Prop>,
    children: HashMap<usize, String>,
    new_children: Vec<String>,
}

impl<'d, 'a> Draft<'d, 'a> {
    /// Begins with `component`, which points into `source`.
    pub(super) fn of(source: &'a str, component: &'d Component<'a>) -> Self {
        let slot = |line| {
            let before = Prop::of(line);
            Slot { now: Some(before.clone()), before }
        };
        Draft {
            source,
            component,
            lines: component.lines.iter().map(slot).collect(),
            added: Vec::new(),
            children: HashMap::new(),
            new_children: Vec::new(),
        }
    }

    /// The property to be at the place of line `at`; `None` where it was removed.
    pub(super) fn line(&self, at: usize) -> Option<&Prop> {
        self.lines.get(at)?.now.as_ref()
    }

    /// As [`Draft::line`], to be changed.
    pub(super) fn line_mut(&mut self, at: usize) -> Option<&mut Prop> {
        self.lines.get_mut(at)?.now.as_mut()
    }

    /// Takes line `at` away.
    pub(super) fn remove(&mut self, at: usize) {
        if let Some(slot) = self.lines.get_mut(at) {
            slot.now = None;
        }
    }

    /// Adds a property.
    pub(super) fn add(&mut self, prop: Prop) {
        self.added.push(prop);
    }

    /// The first property called `name` that was added, to be changed.
    pub(super) fn added_mut(&mut self, name: &str) -> Option<&mut Prop> {
        self.added.iter_mut().find(|prop| prop.is(name))
    }

    /// All properties to be: those kept, then those added.
    pub(super) fn props(&self) -> impl Iterator<Item = &Prop> {
        self.lines.iter().filter_map(|slot| slot.now.as_ref()).chain(&self.added)
    }

    /// Replaces child `at` by `text`, or takes it away where that is empty.
    pub(super) fn child(&mut self, at: usize, text: String) {
        self.children.insert(at, text);
    }

    /// Adds a child behind all others.
    pub(super) fn add_child(&mut self, text: String) {
        self.new_children.push(text);
    }

    /// The source that the component stands in.
    pub(super) fn source(&self) -> &'a str {
        self.source
    }

    /// The whole source with the changes in it.
    pub(super) fn finish(self) -> String {
        let source = self.source;
        apply(source, self.edits())
    }

    /// The text of the component alone, with the changes in it.
    pub(super) fn text(self) -> String {
        let span = self.component.span.clone();
        let own = self.source.get(span.clone()).unwrap_or_default();
        let shifted = self.edits().into_iter().map(|edit| Edit {
            span: edit.span.start.saturating_sub(span.start)..edit.span.end.saturating_sub(span.start),
            with: edit.with,
        });
        apply(own, shifted.collect())
    }

    fn edits(self) -> Vec<Edit> {
        let mut edits: Vec<Edit> = Vec::new();
        let ending = ending(self.source);
        let end = self.component.end.start;
        let before_children = self.component.children.first().map_or(end, |child| child.span.start);
        // What is put in at one place, in order; two edits must not meet.
        let mut inserted: HashMap<usize, String> = HashMap::new();
        let lasts: HashMap<String, usize> = self
            .component
            .lines
            .iter()
            .map(|line| (line.name().to_ascii_uppercase(), line.span.end))
            .collect();
        for prop in &self.added {
            let at = lasts.get(&prop.name.to_ascii_uppercase()).copied().unwrap_or(before_children);
            inserted.entry(at).or_default().push_str(&written(prop, ending));
        }
        for child in &self.new_children {
            inserted.entry(end).or_default().push_str(&with_ending(child, ending));
        }
        for (slot, line) in self.lines.iter().zip(&self.component.lines) {
            if slot.now.as_ref() == Some(&slot.before) {
                continue;
            }
            let mut with = slot.now.as_ref().map(|prop| written(prop, ending)).unwrap_or_default();
            with.push_str(&inserted.remove(&line.span.end).unwrap_or_default());
            edits.push(Edit { span: line.span.clone(), with });
        }
        for (at, text) in self.children {
            let Some(child) = self.component.children.get(at) else { continue };
            let mut with = inserted.remove(&child.span.start).unwrap_or_default();
            with.push_str(&with_ending(&text, ending));
            edits.push(Edit { span: child.span.clone(), with });
        }
        edits.extend(inserted.into_iter().map(|(at, with)| Edit { span: at..at, with }));
        edits
    }
}

/// Reads one component out of its own text.
pub(super) fn alone(text: &str) -> Result<Document<'_>, Malformed> {
    Document::parse(text, Limits::default())
}

/// How the lines of a source end.
pub(super) fn ending(source: &str) -> &'static str {
    if source.contains("\r\n") || !source.contains('\n') { "\r\n" } else { "\n" }
}

fn written(prop: &Prop, ending: &str) -> String {
    let mut out = String::new();
    prop.write(&mut out);
    with_ending(&out, ending)
}

/// A text that we wrote (lines end in CRLF) with another end of lines.
fn with_ending(text: &str, ending: &str) -> String {
    if ending == "\r\n" { text.to_owned() } else { text.replace("\r\n", ending) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "BEGIN:A\nX:1\nY;P=q:2\n 3\nX:4\nBEGIN:B\nEND:B\nBEGIN:C\nEND:C\nEND:A\n";

    fn edited(change: impl Fn(&mut Draft<'_, '_>)) -> String {
        let document = alone(SOURCE).expect("readable");
        let mut draft = Draft::of(SOURCE, &document.roots[0]);
        change(&mut draft);
        draft.finish()
    }

    #[test]
    fn what_is_not_touched_keeps_its_bytes() {
        assert_eq!(edited(|_| ()), SOURCE);
        assert_eq!(edited(|draft| draft.remove(0)), SOURCE.replacen("X:1\n", "", 1));
        assert_eq!(
            edited(|draft| "9".clone_into(&mut draft.line_mut(1).expect("there").value)),
            SOURCE.replace("Y;P=q:2\n 3", "Y;P=q:9")
        );
    }

    #[test]
    fn additions_stand_behind_their_like_and_before_children() {
        assert_eq!(edited(|draft| draft.add(Prop::new("X", "5"))), SOURCE.replace("X:4\n", "X:4\nX:5\n"));
        assert_eq!(edited(|draft| draft.add(Prop::new("Z", "5"))), SOURCE.replace("BEGIN:B", "Z:5\nBEGIN:B"));
        let both = edited(|draft| {
            draft.add(Prop::new("Z", "5"));
            draft.child(0, String::new());
            draft.add_child("BEGIN:D\r\nEND:D\r\n".to_owned());
        });
        assert_eq!(
            both,
            SOURCE.replace("BEGIN:B\nEND:B\n", "Z:5\n").replace("END:A", "BEGIN:D\nEND:D\nEND:A")
        );
        let gone = edited(|draft| {
            draft.remove(2);
            draft.add(Prop::new("X", "6"));
        });
        assert_eq!(gone, SOURCE.replace("X:4", "X:6"));
        // Also where what follows goes away.
        let behind = edited(|draft| {
            draft.remove(2);
            draft.add(Prop::new("Y", "6"));
        });
        assert_eq!(behind, SOURCE.replace("X:4", "Y:6"));
    }
}
