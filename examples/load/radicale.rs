//! Radicale as the rival: its folders are written before it starts, since storing through it would take hours.

use crate::data::Shape;
use crate::measure::once;
use crate::stock::{Members, Stock};
use crate::systems::{CARDS, Names};
use std::fs;
use std::path::Path;
use std::rc::Rc;

/// Writes configuration and data.
pub fn prepare(folder: &Path, names: &Names, password: &str, shapes: &[Shape]) -> Result<(), String> {
    let write = |path: &Path, text: &str| {
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    let users = folder.join("users");
    write(&users, &format!("{}:{password}\n{}:{password}\n", names.owner, names.poller))?;
    let root = folder.join("collections");
    let config = format!(
        "[auth]\ntype = htpasswd\nhtpasswd_filename = {}\nhtpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {}\n\
         [server]\nmax_connections = 64\n[logging]\nlevel = error\n",
        users.display(),
        root.display()
    );
    write(&folder.join("config"), &config)?;
    let collection = |owner: &str, slug: &str, tag: &str, members: Option<Members>| -> Result<(), String> {
        let place = root.join("collection-root").join(owner).join(slug);
        fs::create_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
        write(&place.join(".Radicale.props"), &format!("{{\"tag\": \"{tag}\"}}"))?;
        let Some(members) = members else { return Ok(()) };
        let letter = if matches!(members, Members::Cards(_)) { 'c' } else { 'e' };
        for number in 0..members.count() {
            write(&place.join(format!("{letter}{number}{}", members.suffix())), &members.body(number, 0))?;
        }
        Ok(())
    };
    for shape in shapes {
        collection(&names.owner, &format!("c{}", shape.size), "VCALENDAR", Some(Members::Events(*shape)))?;
    }
    collection(&names.owner, "s1950", "VCALENDAR", Some(Members::Series("19500102")))?;
    collection(&names.owner, "srecent", "VCALENDAR", Some(Members::Series("20260126")))?;
    collection(&names.owner, "cards", "VADDRESSBOOK", Some(Members::Cards(CARDS)))?;
    for number in 0..5 {
        collection(&names.poller, &format!("k{number}"), "VCALENDAR", None)?;
    }
    Ok(())
}

/// Learns the entity tags that the server gave, which also fills its cache.
pub async fn learn(stock: &Rc<Stock>) -> Result<(), String> {
    let body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><propfind xmlns=\"DAV:\"><prop><getetag/></prop></propfind>";
    let request = stock.request("PROPFIND", "Depth: 1\r\nContent-Type: application/xml\r\n", body);
    let (status, _, body) = once(stock.address, &request).await?;
    let text = String::from_utf8_lossy(&body).into_owned();
    let mut known = 0;
    for one in crate::xml::responses(&text) {
        let number: Option<usize> = one.name.trim_matches(|c: char| !c.is_ascii_digit()).parse().ok();
        if let (Some(number), Some(etag)) = (number, one.etag)
            && one.name.ends_with(stock.members.suffix())
            && let Some(place) = stock.etags.borrow_mut().get_mut(number)
        {
            *place = etag;
            known += 1;
        }
    }
    if known == stock.members.count() {
        Ok(())
    } else {
        Err(format!("{}: status {status}, {known} members", stock.path))
    }
}
