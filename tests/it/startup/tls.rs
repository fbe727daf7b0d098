//! Certificates and keys that cannot be used: each by its file's name, with what to do. All were made for this test.

use super::{free, refused};
use cenacle::config::Tls;
use cenacle::server::tls;
use std::path::{Path, PathBuf};

/// A self-signed certificate, until 2126.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUGSEABOXFiIpGsd/Nx4SqC6ro5TAwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyODExNTgzMFoYDzIxMjYxMTA0
MTE1ODMwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAR8iqjvGPWc1PzrgQriV5H5j3ti7Q8w0lV/oIcxRdXk+DwIbxBn2OTS
cs8ER2FI6hkcBJOMglQs8LOAHI9yE3bko1MwUTAdBgNVHQ4EFgQUW1ME3SfYbNHH
jaF4dKr5KEcnI4IwHwYDVR0jBBgwFoAUW1ME3SfYbNHHjaF4dKr5KEcnI4IwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAnPPR58KC7SD0EHVTJ4/P
CQNTS4R0ukzAQ813/tFc2wQCIAmSVefoQc0YM8H134+/TKhKhWiG4lWh4biBGB/+
fn81
-----END CERTIFICATE-----
";

const KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJPRxgZfZxl2g3bfQ
cNZzoF4jTY6XsrKoZVj/uES8JVChRANCAAR8iqjvGPWc1PzrgQriV5H5j3ti7Q8w
0lV/oIcxRdXk+DwIbxBn2OTScs8ER2FI6hkcBJOMglQs8LOAHI9yE3bk
-----END PRIVATE KEY-----
";

/// Of another certificate.
const OTHER_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4DNQuZsPXC0bFeYW
xyGh/z5OUr05cpY1rtjXjz/jXGOhRANCAAR2bPgq1fy2Qj1lO59Cbj6EHv9QAKXh
lm27+OnJLeScVbm0bDOt445jFPr60o6gq9C9Ni2Ik9Taw9/E7MPa8kYb
-----END PRIVATE KEY-----
";

/// [`KEY`], with a password.
const ENCRYPTED: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAit0R/oAt+DnQICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEIaKg8xtXecHutkXMDpnGL0EgZBm
SzQzsESR0Hf+Re/qBSEyKaSyTUfJLaan4FjXLB2I9YVwUEmio/kM+3OdYDUVtUtF
SnrZBDL49lInyz1ImBdWehIfhI938a0PYfOYVoWU9Fov6SM3pdVt5fY0yKEO/G2A
fNqFLG8ty+Lhdom7I2E4I/1nFSz0VYW00wbPJYclYXFxJPocS7CPW1dBKaQ/+Go=
-----END ENCRYPTED PRIVATE KEY-----
";

/// The same in the form of before.
const ENCRYPTED_OF_OLD: &str = "\
-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,54FA85CD06FD2DA677F794383DA3242F

XcFyZy9wtxlHmUSpxN+JFvd33SPmjbOXjDQh1eN4Xn6uaz6uFqEp1HfFVgT+1BF1
HKXlDQO+ItnaFItSDIWGlu2xlj1VnUfTkcY2jD3lM+UfI7dEc7PMs1kmK0LE7+Wb
04pLRT9Ciio0UcAwKRXOzdNVL/mk4BKyqqRzthB/9qg=
-----END EC PRIVATE KEY-----
";

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

#[test]
fn each_fault_names_its_file_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str, text: &str| file(folder.path(), name, text);
    let (certificate, key) = (at("good.crt", CERTIFICATE), at("good.key", KEY));
    let with = |certificate: &PathBuf, key: &PathBuf| {
        tls::config(&Tls { certificate: certificate.clone(), key: key.clone() })
    };
    assert!(with(&certificate, &key).is_ok());
    let damaged = KEY.replace("MIGH", "!!!!");
    for (of, name, text, told) in [
        ("certificate", "none.crt", None, "there is no such file"),
        ("certificate", "empty.crt", Some(""), "there is no certificate in it"),
        ("certificate", "key.crt", Some(KEY), "there is no certificate in it"),
        ("key", "none.key", None, "there is no such file"),
        ("key", "empty.key", Some(""), "there is no private key in it"),
        ("key", "certificate.key", Some(CERTIFICATE), "there is no private key in it"),
        ("key", "encrypted.key", Some(ENCRYPTED), "is encrypted"),
        ("key", "old.key", Some(ENCRYPTED_OF_OLD), "is encrypted"),
        ("key", "damaged.key", Some(damaged.as_str()), "it is damaged"),
        ("key", "other.key", Some(OTHER_KEY), "does not belong to the first certificate in"),
    ] {
        let path = text.map_or_else(|| folder.path().join(name), |text| at(name, text));
        let tried = if of == "key" { with(&certificate, &path) } else { with(&path, &key) };
        let said = tried.expect_err(name).to_string();
        assert!(said.contains(told) && said.contains(name), "{name}: {said}");
        assert!(!said.contains("MI"), "nothing of a file is shown: {said}");
    }
    // A folder in place of a file is neither missing nor forbidden.
    let said = with(&folder.path().to_owned(), &key).expect_err("a folder").to_string();
    assert!(said.contains("cannot be read"), "{said}");
}

#[test]
#[cfg(unix)]
fn what_may_not_be_read_is_told_apart_from_what_is_not_there() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (certificate, key) =
        (file(folder.path(), "good.crt", CERTIFICATE), file(folder.path(), "good.key", KEY));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o000)).expect("set");
    if std::fs::read(&key).is_ok() {
        println!("skipped: this account may read everything");
        return;
    }
    let said = tls::config(&Tls { certificate, key }).expect_err("not readable").to_string();
    assert!(said.contains("good.key") && said.contains("may not read the key"), "{said}");
}

#[test]
fn serving_is_said_of_who_serves_only() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let certificate = file(folder.path(), "good.crt", CERTIFICATE);
    let said = refused(
        &["serve", "--data", folder.path().to_str().expect("UTF-8"), "--listen", &free().to_string()],
        &[
            ("CENACLE_TLS__CERTIFICATE", certificate.to_str().expect("UTF-8")),
            ("CENACLE_TLS__KEY", "/nowhere/privkey.pem"),
        ],
    );
    assert!(said.contains("/nowhere/privkey.pem: there is no such file"), "{said}");
    assert!(!said.contains("serving"), "{said}");
}

#[test]
fn the_demonstration_is_not_made_where_it_could_not_be_served() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let certificate = file(folder.path(), "good.crt", CERTIFICATE);
    let data = folder.path().join("data");
    let said = refused(
        &["demo", "--data", data.to_str().expect("UTF-8"), "--listen", &free().to_string()],
        &[
            ("CENACLE_TLS__CERTIFICATE", certificate.to_str().expect("UTF-8")),
            ("CENACLE_TLS__KEY", "/nowhere/privkey.pem"),
        ],
    );
    assert!(said.contains("/nowhere/privkey.pem: there is no such file"), "{said}");
    assert!(!data.exists(), "a database was made");
}
