//! Cuts components, properties and free/busy periods out of an object by edits of its source.
//!
//! RFC 4791 §9.6.1 to §9.6.4 and §9.6.7. Knows no recurrence.

use super::limit::periods_inside;
use super::{CompSelect, PropSelect};
use crate::text::component::{Component, Document, Edit};
use crate::text::line::{Line, write_folded};
use crate::text::recur::Window;
use std::collections::HashSet;

/// What is cut besides what a [`CompSelect`] does not name.
#[derive(Default)]
pub(super) struct Cut {
    /// Components that go, by the first byte of their span.
    pub drop: HashSet<usize>,
    /// FREEBUSY periods outside of this go.
    pub freebusy: Option<Window>,
}

impl Cut {
    /// The edits that leave of `document` what is wanted.
    pub fn edits(&self, document: &Document<'_>, select: Option<&CompSelect>) -> Vec<Edit> {
        let mut edits = Vec::new();
        for root in &document.roots {
            self.component(root, select, &mut edits);
        }
        edits
    }

    // Recursion is bounded by `Limits::depth`.
    fn component(&self, component: &Component<'_>, select: Option<&CompSelect>, edits: &mut Vec<Edit>) {
        for line in &component.lines {
            if let Some(edit) = self.line(component, line, select.and_then(|select| select.props.as_deref()))
            {
                edits.push(edit);
            }
        }
        for child in &component.children {
            let wanted = match select.and_then(|select| select.comps.as_ref()) {
                None => Some(None),
                Some(comps) => comps.iter().find(|comp| child.is(&comp.name)).map(Some),
            };
            match wanted {
                Some(inner) if !self.drop.contains(&child.span.start) => self.component(child, inner, edits),
                _ => edits.push(Edit { span: child.span.clone(), with: String::new() }),
            }
        }
    }

    fn line(&self, owner: &Component<'_>, line: &Line<'_>, props: Option<&[PropSelect]>) -> Option<Edit> {
        let replace = |with: String| Some(Edit { span: line.span.clone(), with });
        if let Some(props) = props {
            match props.iter().find(|prop| line.is(&prop.name)) {
                None => return replace(String::new()),
                Some(prop) if prop.novalue => return replace(without_value(line)),
                Some(_) => {}
            }
        }
        let window = self.freebusy.filter(|_| owner.is("VFREEBUSY") && line.is("FREEBUSY"))?;
        periods_inside(line, window).and_then(replace)
    }
}

/// Name, parameters and the colon.
fn without_value(line: &Line<'_>) -> String {
    let whole = line.unfolded();
    let head = whole.get(..whole.len() - line.value().len()).unwrap_or(whole);
    let mut out = String::with_capacity(head.len() + 2);
    write_folded(&mut out, head);
    out
}
