//! A multistatus and the questions that tests ask of it. RFC 4918 §13.

use super::xml::{Xml, name};

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Multistatus {
    pub members: Vec<Member>,
    pub sync_token: Option<String>,
}

/// One `response`.
#[derive(Debug, Clone)]
pub struct Member {
    pub href: String,
    /// Its own status, where it has no properties.
    pub status: Option<u16>,
    /// Each property with the status that it stands under.
    pub props: Vec<(u16, Xml)>,
    /// The statuses of its propstats in their order.
    pub order: Vec<u16>,
    /// The whole element.
    pub xml: Xml,
}

impl Multistatus {
    /// Reads the root element.
    #[track_caller]
    pub fn of(root: &Xml) -> Multistatus {
        assert!(root.is("D:multistatus"), "not a multistatus: {root:?}");
        Multistatus {
            members: root.all("D:response").map(Member::of).collect(),
            sync_token: root.child("D:sync-token").map(|token| token.text.clone()),
        }
    }

    /// All hrefs in order.
    pub fn hrefs(&self) -> Vec<&str> {
        self.members.iter().map(|member| member.href.as_str()).collect()
    }

    /// All hrefs sorted, only the last segment: names of members.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.members.iter().map(Member::name).collect();
        names.sort_unstable();
        names
    }

    /// The response about this href.
    #[track_caller]
    pub fn member(&self, href: &str) -> &Member {
        let found = self.members.iter().find(|member| member.href == href);
        found.unwrap_or_else(|| panic!("nothing about {href} in {:?}", self.hrefs()))
    }

    /// The only response.
    #[track_caller]
    pub fn only(&self) -> &Member {
        assert_eq!(self.members.len(), 1, "one response expected: {:?}", self.hrefs());
        &self.members[0]
    }

    /// Names of members that are there.
    pub fn present(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.members.iter().filter(|m| m.status.is_none()).map(Member::name).collect();
        names.sort_unstable();
        names
    }

    /// Names of members that are told as gone.
    pub fn gone(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.members.iter().filter(|m| m.status == Some(404)).map(Member::name).collect();
        names.sort_unstable();
        names
    }

    /// The token that it ends with.
    #[track_caller]
    pub fn token(&self) -> String {
        self.sync_token.clone().expect("a sync-token")
    }
}

impl Member {
    #[track_caller]
    fn of(response: &Xml) -> Member {
        let href = response.child("D:href").expect("a response has an href").text.clone();
        let mut props = Vec::new();
        let mut order = Vec::new();
        for propstat in response.all("D:propstat") {
            let status = status(propstat.child("D:status").expect("a propstat has a status"));
            order.push(status);
            let prop = propstat.child("D:prop").expect("a propstat has a prop");
            props.extend(prop.children.iter().map(|property| (status, property.clone())));
        }
        Member { href, status: response.child("D:status").map(status), props, order, xml: response.clone() }
    }

    /// The last segment of the href.
    pub fn name(&self) -> &str {
        self.href.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// The status of a property; `None` where it is not mentioned.
    pub fn status_of(&self, qualified: &str) -> Option<u16> {
        let (ns, local) = name(qualified);
        self.props
            .iter()
            .find(|(_, property)| property.local == local && property.ns == ns)
            .map(|(status, _)| *status)
    }

    /// A property that is there.
    pub fn find(&self, qualified: &str) -> Option<&Xml> {
        self.props
            .iter()
            .find(|(status, property)| *status == 200 && property.is(qualified))
            .map(|(_, property)| property)
    }

    /// A property that must be there.
    #[track_caller]
    pub fn prop(&self, qualified: &str) -> &Xml {
        self.find(qualified).unwrap_or_else(|| panic!("no {qualified} of {}: {:?}", self.href, self.props))
    }

    /// The text of a property that must be there, blanks at its ends cut off.
    #[track_caller]
    pub fn text(&self, qualified: &str) -> String {
        self.prop(qualified).text.trim().to_owned()
    }

    /// The href in a property that must be there.
    #[track_caller]
    pub fn href_in(&self, qualified: &str) -> String {
        self.prop(qualified).child("D:href").unwrap_or_else(|| panic!("no href in {qualified}")).text.clone()
    }
}

fn status(element: &Xml) -> u16 {
    let code = element.text.trim().strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    code.and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("no status: {:?}", element.text))
}
