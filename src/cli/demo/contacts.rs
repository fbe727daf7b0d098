//! Cards for the demonstration's address books, as vCard 4.0, with pictures drawn here.

use super::people::Person;
use crate::text::line::{escape_text, write_folded};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A partner outside of the institute: given name, family name, organization, function, mobile number, city, birthday as month and day.
pub type Partner =
    (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

/// People whom the staff deal with.
pub const PARTNERS: [Partner; 14] = [
    ("Marianne", "Aubert", "Université de Lyon", "Professeure", "+33639980101", "Lyon", "0412"),
    ("Samuel", "Okafor", "Hôpital Saint-Louis", "Chef de service", "+33639980102", "Paris", "1103"),
    (
        "Élise",
        "Fournier",
        "Agence de biomédecine",
        "Chargée de dossier",
        "+33639980103",
        "Saint-Denis",
        "0229",
    ),
    ("Giulia", "Conti", "Università di Torino", "Ricercatrice", "+33639980104", "Turin", "0720"),
    ("Hans", "Becker", "Charité Berlin", "Oberarzt", "+33639980105", "Berlin", "0130"),
    ("Amandine", "Prévost", "Région Hauts-de-France", "Conseillère", "+33639980106", "Lille", "0908"),
    ("Tomasz", "Nowak", "Uniwersytet Warszawski", "Adiunkt", "+33639980107", "Varsovie", "1217"),
    ("Béatrice", "Lemoine", "Éditions du Vivant", "Éditrice", "+33639980108", "Paris", "0601"),
    ("Nicolas", "Charpentier", "BioMat SARL", "Gérant", "+33639980109", "Grenoble", "0316"),
    ("Yuki", "Tanaka", "Université de Kyoto", "Professeur", "+33639980110", "Kyoto", "0505"),
    ("Solène", "Marchand", "CHU de Nantes", "Cadre de santé", "+33639980111", "Nantes", "1025"),
    ("Idriss", "Traoré", "Institut Pasteur de Dakar", "Biologiste", "+33639980112", "Dakar", "0814"),
    ("Pauline", "Arnaud", "Rectorat de Nice", "Déléguée", "+33639980113", "Nice", "0223"),
    ("Edgar", "Valette", "Traiteur Valette", "Traiteur", "+33639980114", "Créteil", "1111"),
];

/// The card of a partner in somebody's book; every third one has a picture.
pub fn partner(owner: &str, at: usize, of: &Partner) -> (String, String) {
    let (first, last, organization, function, mobile, city, birthday) = of;
    let uid = uid(owner, at);
    let mut lines = vec![
        "KIND:individual".to_owned(),
        format!("UID:{uid}"),
        format!("FN:{first} {last}"),
        format!("N:{last};{first};;;"),
        format!("ORG:{}", escape_text(organization)),
        format!("TITLE:{}", escape_text(function)),
        format!("EMAIL;TYPE=work;PREF=1:{}@partenaires.example", mail_name(first, last)),
        format!("TEL;VALUE=uri;TYPE=cell:tel:{mobile}"),
        format!("ADR;TYPE=work:;;1 place de la République;{};;;", escape_text(city)),
        format!("BDAY:--{birthday}"),
        format!("CATEGORIES:Partenaires,{}", escape_text(city)),
    ];
    if at.is_multiple_of(3) {
        lines.push(format!("PHOTO:data:image/png;base64,{}", STANDARD.encode(portrait(at))));
    }
    if at.is_multiple_of(4) {
        lines.push("NOTE:Rencontré au colloque de printemps.\\nPréfère être appelé le matin.".to_owned());
        lines.push("item1.URL:https://partenaires.example/".to_owned());
        lines.push("item1.X-ABLABEL:Équipe".to_owned());
    }
    (file_name(&uid), card(&lines))
}

/// The card of a colleague.
pub fn colleague(owner: &str, at: usize, of: &Person) -> (String, String) {
    let uid = uid(owner, at);
    let lines = [
        "KIND:individual".to_owned(),
        format!("UID:{uid}"),
        format!("FN:{}", of.name()),
        format!("N:{};{};;;", of.last, of.first),
        format!("ORG:Institut de démonstration;{}", of.city()),
        format!("TITLE:{}", escape_text(of.title)),
        format!("EMAIL;TYPE=work:{}", of.mail()),
        "CATEGORIES:Collègues".to_owned(),
        format!("PHOTO:data:image/png;base64,{}", STANDARD.encode(portrait(at))),
    ];
    (file_name(&uid), card(&lines))
}

/// A group whose members are the cards with these numbers in the same book.
pub fn group(owner: &str, at: usize, name: &str, members: &[usize]) -> (String, String) {
    let uid = uid(owner, at);
    let mut lines = vec!["KIND:group".to_owned(), format!("UID:{uid}"), format!("FN:{}", escape_text(name))];
    lines.extend(members.iter().map(|member| format!("MEMBER:{}", self::uid(owner, *member))));
    (file_name(&uid), card(&lines))
}

fn card(lines: &[String]) -> String {
    let mut out = String::from("BEGIN:VCARD\r\nVERSION:4.0\r\n");
    for line in lines {
        write_folded(&mut out, line);
    }
    out.push_str("END:VCARD\r\n");
    out
}

/// The same for the same owner and number at every start.
fn uid(owner: &str, at: usize) -> String {
    let seed: u64 = owner
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let bytes = (u128::from(seed) << 64) | (0xd << 32) | at as u128;
    format!("urn:uuid:{}", uuid::Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid())
}

fn file_name(uid: &str) -> String {
    format!("{}.vcf", uid.trim_start_matches("urn:uuid:"))
}

/// The part of an address before the @, in ASCII.
fn mail_name(first: &str, last: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let plain = |name: &str| name.nfd().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
    format!("{}.{}", plain(first), plain(last))
}

/// Pixels of a side of a picture.
const SIDE: i64 = 64;

/// A picture: a head and shoulders on a ground whose colour is chosen by `at`, as PNG with four colours.
fn portrait(at: usize) -> Vec<u8> {
    const GROUNDS: [[u8; 3]; 6] =
        [[38, 70, 83], [42, 157, 143], [233, 196, 106], [244, 162, 97], [231, 111, 81], [106, 76, 147]];
    const SKINS: [[u8; 3]; 4] = [[255, 219, 172], [224, 172, 105], [141, 85, 36], [241, 194, 125]];
    let mut rows = Vec::with_capacity(64 * 17);
    for y in 0..SIDE {
        rows.push(0); // this row is not filtered
        for group in 0..SIDE / 4 {
            let pixel = |x: i64| -> u8 {
                let (dx, dy) = (x - 32, y - 26);
                if dy < -2 && dx * dx + (dy + 2) * (dy + 2) <= 15 * 15 {
                    3
                } else if dx * dx + dy * dy <= 13 * 13 {
                    1
                } else if y > 40 && dx * dx + (y - 64) * (y - 64) <= 25 * 25 {
                    2
                } else {
                    0
                }
            };
            rows.push((0..4).fold(0, |byte, i| (byte << 2) | pixel(group * 4 + i)));
        }
    }
    let colours = [GROUNDS.get(at % 6), SKINS.get(at % 4), GROUNDS.get((at + 3) % 6), Some(&[60, 40, 30])];
    let palette: Vec<u8> = colours.into_iter().flatten().flatten().copied().collect();
    png(SIDE as u32, &palette, &rows)
}

/// A square PNG of two bits a pixel (RFC 2083), its data stored without compression (RFC 1950, RFC 1951 §3.2.4).
fn png(side: u32, palette: &[u8], rows: &[u8]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend(side.to_be_bytes());
    header.extend(side.to_be_bytes());
    header.extend([2, 3, 0, 0, 0]); // two bits, palette, deflate, no filters to choose from, not interlaced
    let length = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    let mut data = vec![0x78, 0x01, 1]; // zlib without compression; one stored block, the last
    data.extend(length.to_le_bytes());
    data.extend((!length).to_le_bytes());
    data.extend(rows.iter().take(usize::from(length)));
    data.extend(adler32(rows).to_be_bytes());
    for (kind, content) in
        [(b"IHDR", header.as_slice()), (b"PLTE", palette), (b"IDAT", data.as_slice()), (b"IEND", &[])]
    {
        out.extend(u32::try_from(content.len()).unwrap_or(0).to_be_bytes());
        let mut chunk = kind.to_vec();
        chunk.extend(content);
        out.extend(&chunk);
        out.extend(crc32(&chunk).to_be_bytes());
    }
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    (b << 16) | a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::people::PEOPLE;
    use crate::text::component::{Document, Limits};
    use crate::text::vcard::{self, CardIndex};
    use crate::text::vcard_strict;

    #[test]
    fn all_cards_pass_the_strict_reading() {
        let mut cards: Vec<_> = PARTNERS.iter().enumerate().map(|(at, of)| partner("a", at, of)).collect();
        cards.extend(PEOPLE.iter().enumerate().map(|(at, of)| colleague("a", 100 + at, of)));
        cards.push(group("a", 200, "Équipe, été", &[0, 1, 100]));
        for (name, card) in &cards {
            assert_eq!(vcard_strict::check(card), Ok(()), "{card}");
            let document = Document::parse(card, Limits::default()).expect("readable");
            let uid = CardIndex::build(&document).expect("valid").uid.expect("has one");
            assert_eq!(*name, file_name(&uid));
        }
        let names: std::collections::BTreeSet<_> = cards.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), cards.len());
        let photo =
            Document::parse(&cards[0].1, Limits::default()).map(|document| vcard::image_bytes(&document));
        assert!(photo.is_ok_and(|sizes| sizes.len() == 1 && sizes[0] > 1_000));
    }

    #[test]
    fn checksums_are_the_known_ones() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
    }
}
