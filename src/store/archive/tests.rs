//! What an archive must not forget: every table, and every column that is not derived.

use super::super::conn::Location;
use super::super::{Store, WriteTx};
use super::*;
use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Tables that no archive holds, and why.
const LEFT_OUT: [(&str, &str); 7] = [
    ("directory", "the number of the directory: the database that is imported into has its own"),
    ("directory_card", "cards follow from the principals, and are noted when the server starts"),
    ("__diesel_schema_migrations", "which migrations ran: the database that is imported into has its own"),
    ("effective_membership", "it follows from the memberships, and is derived as they are put in"),
    (
        "group_graph",
        "the row that is locked before memberships change: the database that is imported into has its own",
    ),
    ("webhook_delivery", "a bounded diary of attempts, which nothing is decided by"),
    ("device_use", "when devices were last seen: they are seen again at the new place"),
];

/// Columns of `object` that are derived anew from its body.
const DERIVED: [&str; 12] = [
    "uid",
    "etag",
    "component",
    "size",
    "span_class",
    "first_at",
    "last_at",
    "season",
    "masks",
    "organizer",
    "search",
    "parsed",
];

#[derive(QueryableByName, Debug)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

/// All columns of all tables, as the database itself tells them, without what is left out on purpose.
fn tables(conn: &mut SqliteConnection) -> BTreeMap<String, Vec<Column>> {
    let columns: Vec<Column> = diesel::sql_query(
        "SELECT m.name AS table_name, c.name AS column_name, c.type AS kind \
         FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
    )
    .load(conn)
    .expect("the columns");
    let mut tables = BTreeMap::<String, Vec<Column>>::new();
    for column in columns {
        tables.entry(column.table_name.clone()).or_default().push(column);
    }
    for (table, _) in LEFT_OUT {
        assert!(tables.remove(table).is_some(), "{table} is left out, but is not there");
    }
    tables
}

/// A database with one row in each table, each column filled, and a connection to it.
fn one_row_everywhere(file: &Path) -> (Store, SqliteConnection) {
    let store = Store::open(&Location::File(file.to_owned())).expect("opens");
    let mut conn = SqliteConnection::establish(file.to_str().expect("a plain path")).expect("opens");
    // The tables are filled by their names, not those that others refer to first.
    conn.batch_execute("PRAGMA busy_timeout=5000; PRAGMA foreign_keys=OFF; DELETE FROM meta").expect("empty");
    for (table, columns) in tables(&mut conn) {
        let names: Vec<&str> = columns.iter().map(|column| column.column_name.as_str()).collect();
        let values: Vec<&str> = columns
            .iter()
            .map(|column| match column.kind.to_uppercase().as_str() {
                "TEXT" => "'1'",
                "BLOB" => "x'01'",
                _ => "1",
            })
            .collect();
        let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
        conn.batch_execute(&insert).unwrap_or_else(|error| panic!("{insert}: {error}"));
    }
    (store, conn)
}

fn records(store: &Store) -> Vec<Record> {
    let mut found = Vec::new();
    store
        .snapshot_here(&mut |tx| {
            tx.every_row(&mut |record| {
                found.push(record);
                Ok(())
            })
        })
        .expect("read");
    found
}

#[test]
fn every_table_and_column_is_in_the_archive() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, mut conn) = one_row_everywhere(&folder.path().join("db"));
    let mut archived = BTreeMap::<String, BTreeSet<String>>::new();
    for record in records(&store) {
        let line = serde_json::to_value(&record).expect("JSON");
        let (table, row) = line.as_object().and_then(|line| line.iter().next()).expect("a table");
        assert_eq!(table, record.table());
        let columns = row.as_object().expect("columns").keys().cloned().collect();
        assert!(archived.insert(table.clone(), columns).is_none(), "{table} twice");
    }
    for (table, columns) in tables(&mut conn) {
        // The one table whose name would be a word of SQL.
        let Some(found) = archived.remove(table.trim_end_matches('_')) else {
            panic!("{table} is neither in the archive nor left out with a reason");
        };
        let wanted: BTreeSet<String> = columns
            .into_iter()
            .map(|column| match (table.as_str(), column.column_name.as_str()) {
                // The one column that the program calls by another name.
                ("address", "address") => "mail".to_owned(),
                _ => column.column_name,
            })
            .filter(|column| table != "object" || !DERIVED.contains(&column.as_str()))
            .collect();
        assert_eq!(found, wanted, "{table}");
    }
    assert!(archived.is_empty(), "not in the database: {archived:?}");
}

#[tokio::test]
async fn every_row_but_items_comes_back_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, _) = one_row_everywhere(&folder.path().join("old"));
    let file = folder.path().join("new");
    let new = Store::open(&Location::File(file.clone())).expect("opens");
    // An item needs its content derived, which the services do; the rest of the row has a test there.
    let rows: Vec<Record> =
        records(&old).into_iter().filter(|record| !matches!(record, Record::Object(_))).collect();
    let expected = rows.clone();
    let mut conn = SqliteConnection::establish(file.to_str().expect("a plain path")).expect("opens");
    conn.batch_execute("PRAGMA busy_timeout=5000; DELETE FROM meta").expect("empty");
    new.write(move |tx: &mut WriteTx<'_>| rows.iter().try_for_each(|row| tx.restore(row, None)))
        .await
        .expect("restored");
    assert_eq!(records(&new), expected);
}

#[test]
fn pages_are_cut_by_bytes_but_never_empty() {
    let big = i32::try_from(PAGE_BYTES).expect("fits") + 1;
    assert_eq!(cut(&[]), None);
    assert_eq!(cut(&[(1, big), (2, 1)]), Some(1));
    assert_eq!(cut(&[(1, 10), (2, big), (3, 1)]), Some(1));
    assert_eq!(cut(&[(1, 10), (2, 20), (3, 1)]), Some(3));
}
