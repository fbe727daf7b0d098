//! One component while it is read, and while it is changed: which lines JSON has told, and what is left for the bag.
//!
//! Each family of properties (`fields`, `times`, `people`, …) has a `read` over a [`View`] and an `edit` over an [`Edit`];
//! they must agree about which line stands for which member.

use super::super::component::Component;
use super::super::draft::Draft;
use super::super::jsobject::Refused;
use super::super::json;
use super::super::line::encode_param;
use super::super::vcard::prop::Prop;
use super::place::{Place, Zones};
use serde_json::{Map, Value};

/// What a component is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// VEVENT
    Event,
    /// VTODO
    Task,
    /// VJOURNAL
    Journal,
}

impl Kind {
    /// By the name of the component.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "VEVENT" => Kind::Event,
            "VTODO" => Kind::Task,
            "VJOURNAL" => Kind::Journal,
            _ => return None,
        })
    }

    /// By `@type`.
    pub(super) fn of_type(name: &str) -> Option<Self> {
        [Kind::Event, Kind::Task, Kind::Journal].into_iter().find(|kind| kind.type_name() == name)
    }

    /// The name of the component.
    pub(super) fn component(self) -> &'static str {
        match self {
            Kind::Event => "VEVENT",
            Kind::Task => "VTODO",
            Kind::Journal => "VJOURNAL",
        }
    }

    /// `@type`
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Kind::Event => "Event",
            Kind::Task => "Task",
            Kind::Journal => "Journal",
        }
    }
}

/// A component being read.
pub(super) struct View<'v, 'd, 'a> {
    pub(super) part: &'d Component<'a>,
    /// The lines as properties, in the same order.
    pub(super) props: Vec<Prop>,
    pub(super) kind: Kind,
    pub(super) zones: &'v Zones<'d, 'a>,
    /// The JSON object so far.
    pub(super) out: Map<String, Value>,
    told: Vec<bool>,
    told_children: Vec<bool>,
    /// `convertedProperties`
    converted: Map<String, Value>,
}

impl<'v, 'd, 'a> View<'v, 'd, 'a> {
    pub(super) fn new(part: &'d Component<'a>, kind: Kind, zones: &'v Zones<'d, 'a>) -> Self {
        View {
            part,
            props: part.lines.iter().map(Prop::of).collect(),
            kind,
            zones,
            out: Map::new(),
            told: vec![false; part.lines.len()],
            told_children: vec![false; part.children.len()],
            converted: Map::new(),
        }
    }

    /// The lines called `name`: place and property.
    pub(super) fn named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = (usize, &'s Prop)> + 's {
        named(&self.props, name)
    }

    /// The first line called `name`.
    pub(super) fn first(&self, name: &str) -> Option<(usize, Prop)> {
        self.named(name).next().map(|(at, prop)| (at, prop.clone()))
    }

    /// Notes that JSON tells line `at` under `pointer`; parameters that are not in `known` go to `convertedProperties`.
    pub(super) fn tell(&mut self, at: usize, pointer: &str, known: &[&str]) {
        if let Some(told) = self.told.get_mut(at) {
            *told = true;
        }
        let Some(line) = self.part.lines.get(at) else { return };
        let mut parameters = json::params(line);
        parameters.retain(|name, _| !known.iter().any(|known| known.eq_ignore_ascii_case(name)));
        if !parameters.is_empty() {
            let mut entry = Map::new();
            entry.insert("name".to_owned(), Value::String(line.name().to_ascii_lowercase()));
            entry.insert("parameters".to_owned(), Value::Object(parameters));
            self.converted.insert(pointer.to_owned(), Value::Object(entry));
        }
    }

    /// Notes that JSON tells child `at`.
    pub(super) fn tell_child(&mut self, at: usize) {
        if let Some(told) = self.told_children.get_mut(at) {
            *told = true;
        }
    }

    /// Leaves the lines called `name` to the bag after all.
    pub(super) fn untell(&mut self, name: &str) {
        for (told, line) in self.told.iter_mut().zip(&self.part.lines) {
            if line.is(name) {
                *told = false;
            }
        }
    }

    /// Sets a member.
    pub(super) fn set(&mut self, key: &str, value: Value) {
        self.out.insert(key.to_owned(), value);
    }

    /// The object, with what is left in its `iCalendar` member.
    pub(super) fn finish(self) -> Map<String, Value> {
        let mut out = self.out;
        let bag = super::bag::left(self.part, &self.told, &self.told_children, self.converted);
        if let Some(bag) = bag {
            out.insert("iCalendar".to_owned(), bag);
        }
        out
    }
}

/// The properties called `name` in a list, with their places.
pub(super) fn named<'p>(props: &'p [Prop], name: &'p str) -> impl Iterator<Item = (usize, &'p Prop)> + 'p {
    props.iter().enumerate().filter(move |(_, prop)| prop.is(name))
}

/// A component being changed.
pub(super) struct Edit<'e, 'd, 'a> {
    pub(super) draft: Draft<'d, 'a>,
    pub(super) part: &'d Component<'a>,
    /// The lines as they were.
    pub(super) props: Vec<Prop>,
    pub(super) kind: Kind,
    pub(super) zones: &'e Zones<'e, 'e>,
    pub(super) old: &'e Map<String, Value>,
    pub(super) new: &'e Map<String, Value>,
    /// `convertedProperties` of what is made anew.
    pub(super) converted: Option<&'e Map<String, Value>>,
    /// Of DTSTART before.
    pub(super) from: Place,
    /// Of DTSTART after.
    pub(super) to: Place,
}

impl<'e> Edit<'e, '_, '_> {
    /// Whether a member changes.
    pub(super) fn changes(&self, key: &str) -> bool {
        let value = |map: &'e Map<String, Value>| map.get(key).filter(|value| !value.is_null());
        value(self.old) != value(self.new)
    }

    /// The new value of a member; `null` is none.
    pub(super) fn wanted(&self, key: &str) -> Option<&'e Value> {
        self.new.get(key).filter(|value| !value.is_null())
    }

    /// Adds a property that JSON tells under `pointer`, with the parameters that the bag keeps for it.
    pub(super) fn add(&mut self, mut prop: Prop, pointer: &str) -> Result<(), Refused> {
        if let Some(kept) = self.converted.and_then(|all| all.get(pointer)) {
            super::bag::parameters(&mut prop, kept, pointer)?;
        }
        self.draft.add(prop);
        Ok(())
    }

    /// The new members of a map of objects (`participants`, `alerts`, …).
    pub(super) fn entries(&self, key: &str) -> Result<Map<String, Value>, Refused> {
        match self.wanted(key) {
            None => Ok(Map::new()),
            Some(value) => super::super::jsobject::object(value, key).cloned(),
        }
    }
}

/// Sets a parameter, or takes it away.
pub(super) fn put_param(prop: &mut Prop, name: &str, value: Option<&str>) {
    match value {
        None => drop(prop.take_param(name)),
        Some(value) if raw_param(prop, name).as_deref() == Some(value) => {}
        Some(value) => {
            // A list that became one value must not keep its tail.
            let at = prop.params.iter().position(|(own, _)| own.eq_ignore_ascii_case(name));
            prop.params.retain({
                let mut first = true;
                move |(own, _)| !own.eq_ignore_ascii_case(name) || std::mem::take(&mut first)
            });
            match at.and_then(|at| prop.params.get_mut(at)) {
                Some((_, raw)) => *raw = encode_param(value),
                None => prop.params.push((name.to_owned(), encode_param(value))),
            }
        }
    }
}

/// The first value of a parameter, unquoted, RFC 6868 undone.
pub(super) fn raw_param(prop: &Prop, name: &str) -> Option<String> {
    all_params(prop, name).into_iter().next()
}

/// All values of a parameter, unquoted, RFC 6868 undone.
pub(super) fn all_params(prop: &Prop, name: &str) -> Vec<String> {
    let own = prop.params.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
    own.flat_map(|(name, raw)| {
        let param = super::super::line::Param { name, raw };
        param.values().map(std::borrow::Cow::into_owned).collect::<Vec<_>>()
    })
    .collect()
}

/// The id that JSON gives the thing on this line: the parameter JSID, else `derived`.
pub(super) fn id_on(prop: &Prop, taken: &Map<String, Value>, derived: &str) -> String {
    let own = raw_param(prop, "JSID").filter(|id| super::super::jsobject::is_id(id));
    super::super::jsobject::free_id(taken, own.unwrap_or_else(|| derived.to_owned()))
}

/// Makes the line say its id, where it does not follow from what is on it.
pub(super) fn put_id(prop: &mut Prop, id: &str, derived: &str, pointer: &str) -> Result<(), Refused> {
    if !super::super::jsobject::is_id(id) {
        return Err(Refused::at(pointer, "an id of up to 255 letters, digits, - and _ was expected"));
    }
    put_param(prop, "JSID", (id != derived).then_some(id));
    Ok(())
}
