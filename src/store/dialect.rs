//! Every statement that differs between the two databases, and nothing else.

/// The pattern of `LIKE … ESCAPE '\'` for "contains `needle`": the one form of it that both databases know alike.
pub(super) fn containing(needle: &str) -> String {
    let mut pattern = String::with_capacity(needle.len() + 2);
    pattern.push('%');
    for c in needle.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
