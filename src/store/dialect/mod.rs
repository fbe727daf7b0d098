//! Every statement that differs between the two databases, and nothing else.

pub(super) mod openings;
pub(super) mod writes;

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

/// Tells the planner of a server what the tables hold, unless the server has done so by itself. Without it, a member of a table
/// that has just begun to grow is looked for by whichever index seems as good. The embedded database prefers unique ones.
pub(super) const REFRESH_STATISTICS: &str = "DO $$ BEGIN \
    IF EXISTS (SELECT 1 FROM pg_stat_user_tables WHERE relid = 'object'::regclass AND last_autoanalyze IS NULL) THEN \
    ANALYZE object, collection, home, tombstone, change, version; END IF; END $$";
