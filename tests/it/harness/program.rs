//! The program itself, run with words as an operator types them.

use cenacle::domain::principal::{NewPrincipal, PrincipalKind};
use cenacle::services::{Core, Limits};
use cenacle::store::{Location, Store};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A command that reads nothing and knows no configuration.
pub fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cenacle"));
    command.args(words).env_remove("CENACLE_CONFIG").stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub fn cenacle(words: &[&str]) -> Output {
    program(words).output().expect("the program runs")
}

/// What it told, for it must have gone well.
#[track_caller]
pub fn good(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

/// It must have failed and said so.
#[track_caller]
pub fn bad(output: &Output, says: &str) {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "it should have failed");
    assert!(told.contains(says), "{told}");
}

/// A path as a word.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// What is in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

/// Who may do what with a file.
pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// A data folder with one account, whose password is its login.
pub fn data_with(login: &str, folder: &Path) -> PathBuf {
    let data = folder.join("data");
    let mut command = program(&["user", "add", login, "--password-stdin", "--data", text(&data)]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program runs");
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), login.as_bytes()).expect("written");
    assert!(child.wait().expect("it ends").success());
    data
}

/// Makes the account `alice`; its application password, whose check costs nothing.
pub fn account(location: &Location) -> String {
    let core = Core::new(Store::open(location).expect("the database opens"), Limits::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let new = NewPrincipal {
            kind: PrincipalKind::User,
            handle: "alice".into(),
            display_name: "Alice".into(),
            addresses: vec!["alice@example.org".into()],
            admin: false,
            time_zone: Some("Europe/Paris".into()),
        };
        core.create_principal(new, None).await.expect("a new principal");
        core.add_app_password("alice", "test", "").await.expect("an application password").1
    })
}
