//! Patterns of the `find` action: text with a star at its ends, case and underscores not minded. RFC 7808 §5.5.

/// A pattern, once read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    open_start: bool,
    open_end: bool,
}

impl Pattern {
    /// Reads one; `None` where a star stands elsewhere, or where there is nothing but stars. `\*` is a star, `\\` a backslash.
    pub fn parse(text: &str) -> Option<Self> {
        let mut pattern =
            Pattern { text: String::with_capacity(text.len()), open_start: false, open_end: false };
        let mut chars = text.chars().peekable();
        let mut first = true;
        while let Some(c) = chars.next() {
            match c {
                '*' if first => pattern.open_start = true,
                '*' if chars.peek().is_none() => pattern.open_end = true,
                '*' => return None,
                '\\' => pattern.text.push(chars.next().filter(|next| matches!(next, '*' | '\\'))?),
                other => pattern.text.push(other),
            }
            first = false;
        }
        pattern.text = folded(&pattern.text);
        (!pattern.text.is_empty()).then_some(pattern)
    }

    /// Whether a name is meant.
    pub fn matches(&self, name: &str) -> bool {
        let name = folded(name);
        match (self.open_start, self.open_end) {
            (false, false) => name == self.text,
            (false, true) => name.starts_with(&self.text),
            (true, false) => name.ends_with(&self.text),
            (true, true) => name.contains(&self.text),
        }
    }
}

fn folded(text: &str) -> String {
    text.to_lowercase().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_at_the_ends() {
        let matches = |pattern: &str, name: &str| Pattern::parse(pattern).expect("good").matches(name);
        assert!(matches("america/new york", "America/New_York"));
        assert!(matches("europe/*", "Europe/Paris") && !matches("europe/*", "Asia/Tokyo"));
        assert!(matches("*/paris", "Europe/Paris") && matches("*pari*", "Europe/Paris"));
        assert!(!matches("paris", "Europe/Paris") && !matches("a\\*", "a") && matches("a\\*", "A*"));
        for bad in ["", "*", "**", "a*b", "a\\", "a\\b"] {
            assert_eq!(Pattern::parse(bad), None, "{bad}");
        }
    }
}
