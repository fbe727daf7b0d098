//! As much of a multistatus as the checks need, whatever prefixes the server writes.

use std::borrow::Cow;

/// One `response`.
#[derive(Debug, Default)]
pub struct Response {
    /// The last segment of its href.
    pub name: String,
    /// Whether it says that there is no such member.
    pub gone: bool,
    /// `getetag`
    pub etag: Option<String>,
    /// `calendar-data` or `address-data`
    pub data: Option<String>,
}

/// All responses, in their order.
pub fn responses(body: &str) -> Vec<Response> {
    let mut all = Vec::new();
    let mut rest = body;
    while let Some(inside) = element(&mut rest, "response") {
        let href = element(&mut { inside }, "href").unwrap_or_default();
        let name = href.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        all.push(Response {
            name,
            gone: inside.contains(" 404 ") && !inside.contains(" 200 "),
            etag: element(&mut { inside }, "getetag").map(|text| unescape(text).into_owned()),
            data: element(&mut { inside }, "calendar-data")
                .or_else(|| element(&mut { inside }, "address-data"))
                .map(|text| unescape(text).into_owned()),
        });
    }
    all
}

/// The text of the first element of this local name; `rest` then begins behind it.
pub fn element<'x>(rest: &mut &'x str, local: &str) -> Option<&'x str> {
    let mut at = 0;
    loop {
        let found = at + rest.get(at..)?.find(local)?;
        let before = rest.get(..found)?;
        let behind = rest.get(found + local.len()..)?;
        at = found + local.len();
        let opens = before.rfind('<').is_some_and(|lt| before.get(lt + 1..).is_some_and(is_prefix));
        if !opens || !behind.starts_with(['>', ' ', '/']) {
            continue;
        }
        let (head, content) = behind.split_once('>')?;
        if head.ends_with('/') {
            continue;
        }
        let mut end = 0;
        loop {
            end += content.get(end..)?.find("</")?;
            let closing = content.get(end + 2..)?.split('>').next()?;
            if closing.rsplit(':').next() == Some(local) {
                *rest = content.get(end..)?;
                return content.get(..end);
            }
            end += 2;
        }
    }
}

fn is_prefix(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_suffix(':')
            .is_some_and(|prefix| prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let plain = [
        ("&#13;", "\r"),
        ("&#xD;", "\r"),
        ("&#xd;", "\r"),
        ("&#10;", "\n"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    Cow::Owned(plain.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)))
}
