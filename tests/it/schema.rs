//! The tables are the same on both databases, and the same as `store/schema.rs` says.

use crate::harness::{Db, TestServer, both};
use cenacle::store::{Location, Store};
use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What diesel keeps for itself.
const NOT_OURS: &str = "__diesel_schema_migrations";

/// Tables, and of each its columns with a portable type and whether they may be null.
type Tables = BTreeMap<String, BTreeMap<String, (String, bool)>>;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

fn gather(columns: Vec<Column>) -> Tables {
    let mut tables = Tables::new();
    for column in columns.into_iter().filter(|column| column.table_name != NOT_OURS) {
        let kind = portable(&column.kind.to_lowercase());
        tables.entry(column.table_name).or_default().insert(column.column_name, (kind, column.nullable));
    }
    tables
}

/// One word for a type, whatever a database or diesel calls it.
fn portable(kind: &str) -> String {
    match kind {
        "bigint" => "bigint",
        "integer" => "integer",
        "smallint" => "smallint",
        "text" => "text",
        "boolean" | "bool" => "bool",
        "blob" | "bytea" | "binary" => "binary",
        other => panic!("a type that is not portable: {other}"),
    }
    .to_owned()
}

fn sqlite() -> Tables {
    let server = TestServer::start(Db::Sqlite);
    let Location::File(file) = server.location() else { panic!("a file") };
    let mut conn = SqliteConnection::establish(file.to_str().expect("a path")).expect("the database");
    let columns = diesel::sql_query(
        "SELECT m.name AS table_name, c.name AS column_name, c.type AS kind, (c.\"notnull\" = 0) AS nullable \
         FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
    );
    let mut tables = gather(columns.load(&mut conn).expect("its columns"));
    // A row's own number is of 64 bits, and can only be declared so.
    for columns in tables.values_mut() {
        if let Some((kind, _)) = columns.get_mut("id") {
            assert_eq!(kind, "integer");
            *kind = "bigint".to_owned();
        }
    }
    tables
}

fn postgres() -> Tables {
    let server = TestServer::start(Db::Postgres);
    let Location::Server(url) = server.location() else { panic!("a server") };
    let mut conn = PgConnection::establish(url).expect("the database");
    let columns = diesel::sql_query(
        "SELECT table_name::text, column_name::text, data_type::text AS kind, (is_nullable = 'YES') AS nullable \
         FROM information_schema.columns WHERE table_schema = 'public'",
    );
    gather(columns.load(&mut conn).expect("its columns"))
}

/// What `table!` says, read from the source: the macro leaves nothing that could be asked.
fn declared() -> Tables {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/schema.rs"))
        .expect("the schema");
    let mut columns = Vec::new();
    for block in text.split("diesel::table! {").skip(1) {
        let body = block.split("\n}").next().expect("the end of a table");
        let (head, fields) = body.split_once('{').expect("its columns");
        let table = head.split_whitespace().next().expect("its name");
        let mut renamed: Option<String> = None;
        for field in
            fields.replace('}', " ").split([',', '\n']).map(str::trim).filter(|field| !field.is_empty())
        {
            if let Some(name) = field.strip_prefix("#[sql_name = \"") {
                renamed = Some(name.trim_end_matches("\"]").to_owned());
                continue;
            }
            let (name, kind) = field.split_once("->").unwrap_or_else(|| panic!("a column: {field}"));
            let kind = kind.trim();
            let inner = kind.strip_prefix("Nullable<").map(|kind| kind.trim_end_matches('>'));
            // In `address` the column of the same name is called otherwise in the program.
            let table_name = table.to_owned();
            let column_name = renamed.take().unwrap_or_else(|| name.trim().to_owned());
            columns.push(Column {
                table_name,
                column_name,
                kind: inner.unwrap_or(kind).to_owned(),
                nullable: inner.is_some(),
            });
        }
    }
    gather(columns)
}

#[test]
fn the_program_and_sqlite_agree() {
    let (tables, declared) = (sqlite(), declared());
    for (table, columns) in &declared {
        assert_eq!(Some(columns), tables.get(table), "{table}");
    }
}

#[test]
fn both_databases_agree() {
    if Db::Postgres.is_here() {
        let (here, there) = (sqlite(), postgres());
        assert_eq!(here.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
        for (table, columns) in &here {
            assert_eq!(Some(columns), there.get(table), "{table}");
        }
    }
}

#[test]
fn migrations_have_the_same_numbers_and_names() {
    let names = |database: &str| -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("migrations")
            .map(|entry| entry.expect("an entry"))
            .filter(|entry| entry.path().join("up.sql").exists() && entry.path().join("down.sql").exists())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn tables_of_a_newer_program_are_left_alone() {
    for db in [Db::Sqlite, Db::Postgres].into_iter().filter(|db| db.is_here()) {
        let server = TestServer::start(db);
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')";
        match server.location() {
            Location::File(file) => {
                let mut conn =
                    SqliteConnection::establish(file.to_str().expect("a path")).expect("the database");
                diesel::sql_query(newer).execute(&mut conn).expect("a row");
            }
            Location::Server(url) => {
                let mut conn = PgConnection::establish(url).expect("the database");
                diesel::sql_query(newer).execute(&mut conn).expect("a row");
            }
        }
        let refused = cenacle::store::Store::open(server.location()).err().expect("a refusal").to_string();
        assert!(refused.contains("newer Cenacle (migration 9999)"), "{refused}");
    }
}

/// Takes back this one migration, whatever came after it.
fn take_back<DB: Backend>(conn: &mut impl MigrationHarness<DB>, folder: &str, number: &str) {
    let folder = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
    let all = FileBasedMigrations::from_path(folder).expect("the migrations");
    let all: Vec<Box<dyn Migration<DB>>> = all.migrations().expect("told");
    let one = all.iter().find(|one| one.name().version().to_string() == number).expect("there is one");
    conn.revert_migration(one.as_ref()).expect("taken back");
    assert!(!applied(conn).contains(&number.to_owned()));
}

fn applied<DB: Backend>(conn: &mut impl MigrationHarness<DB>) -> Vec<String> {
    conn.applied_migrations().expect("told").iter().map(ToString::to_string).collect()
}

both! {
    fn a_migration_with_a_lower_number_comes_late(db) {
        let server = TestServer::start(db);
        server.user("alice");
        let late = "0013";
        let opened = || drop(Store::open(server.location()).expect("the database opens"));
        let after = match server.location() {
            Location::File(file) => {
                let mut conn = SqliteConnection::establish(file.to_str().expect("a path")).expect("opens");
                take_back(&mut conn, "sqlite", late);
                opened();
                applied(&mut conn)
            }
            Location::Server(url) => {
                let mut conn = PgConnection::establish(url).expect("opens");
                take_back(&mut conn, "postgres", late);
                opened();
                applied(&mut conn)
            }
        };
        assert!(after.contains(&late.to_owned()) && after.iter().any(|one| one.as_str() > late), "{after:?}");
        server.user("bob");
    }
}
