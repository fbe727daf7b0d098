//! Tables out and in again.

use super::*;
use crate::text::component::{Document, Limits};
use crate::text::vcard::CardIndex;

fn cards(table: &str) -> Vec<String> {
    cards_by(table, Dates::Unsaid)
}

fn cards_by(table: &str, dates: Dates) -> Vec<String> {
    let reader = Reader::new(table, &Columns::default(), dates).expect("readable");
    reader
        .map(|row| Row::card_with(&row.card.expect("a card"), row.uid.as_deref().unwrap_or("made")))
        .collect()
}

fn index(card: &str) -> CardIndex {
    CardIndex::build(&Document::parse(card, Limits::default()).expect("readable")).expect("a card")
}

const CARDS: [&str; 5] = [
    concat!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u1\r\nFN:=cmd|' /C calc'!A0\r\nN:Le Goff;Anne,Marie;;Dr;PhD\r\nORG:Mairie\\, Lyon;Voirie;Est\r\n",
        "TITLE:Chef\r\nBDAY:19850412\r\nNOTE:a\\nb \\\"c\\\"\\; d\r\nCATEGORIES:un,de ux\r\nEMAIL;TYPE=INTERNET,HOME,PREF:a@b.org\r\n",
        "TEL;TYPE=CELL:+33 1 23\r\nADR;TYPE=WORK:;;12 rue\\nBât. B;Lyon;;69001;France\r\nURL:https://a.org/?x=1;y=2\r\nEND:VCARD\r\n",
    ),
    "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1\r\nFN:'t Hooft\r\nBDAY:--0412\r\nTEL;VALUE=uri;PREF=1:tel:+1-2\r\nEND:VCARD\r\n",
    "BEGIN:VCARD\r\nVERSION:2.1\r\nUID:u3\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Zo=C3=A9;;;;\r\nFN:Zo\r\nTEL;WORK;VOICE:1\r\nEND:VCARD\r\n",
    concat!(
        "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:u4\r\nFN:Many\r\nBDAY;VALUE=text:vers 1800\r\nEMAIL:1@a\r\nEMAIL;TYPE=work:2@a\r\nEMAIL:3@a\r\nEMAIL:4@a\r\nEMAIL:5@a\r\n",
        "EMAIL;TYPE=home:6@a ::: b\r\nADR:;;a;;;;\r\nADR:;;b;;;;\r\nADR;TYPE=home:;;c;;;1;\r\nADR:;;d;;;;F\r\nEND:VCARD\r\n"
    ),
    concat!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u5\r\nFN:Labels\r\nitem1.EMAIL;TYPE=INTERNET:1@a\r\nITEM1.X-ABLABEL:_$!<Other>!$_\r\nEMAIL;TYPE=work:2@a\r\n",
        "item2.TEL;TYPE=CELL,PREF:+33 1\r\nitem2.X-ABLabel:=Bateau\\, l'été\r\nitem7.TEL:2\r\nitem7.X-ABLabel:work\r\nTEL:3\r\nTEL:4\r\nTEL:5\r\nTEL;TYPE=home:6\r\n",
        "x.TEL:7\r\nx.X-ABLabel:Seven ::: or so\r\nitem9.ADR:;;a;;;;\r\nitem9.X-ABLabel:Grange\r\nitem9.X-ABADR:fr\r\n",
        "item4.URL:https://a.org\r\nitem4.X-ABLabel:_$!<HomePage>!$_\r\nitem5.X-ABDATE:2020-01-01\r\nitem5.X-ABLabel:None of these\r\nEND:VCARD\r\n"
    ),
];

#[test]
fn what_values_are_called_goes_out_and_in() {
    let table = format!("{}{}", header(), row(CARDS[4]).expect("readable"));
    let cell = |column: &str| {
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let at = rows.headers().expect("a header").iter().position(|name| name == column).expect(column);
        rows.records().next().expect("a row").expect("readable")[at].to_owned()
    };
    assert_eq!((cell("Email 1 label").as_str(), cell("Email 2 label").as_str()), ("Other", ""));
    assert_eq!(
        (cell("Phone 1 label").as_str(), cell("Phone 1 type").as_str()),
        ("'=Bateau, l'été", "cell,pref")
    );
    assert_eq!(
        (cell("Phone 6 label").as_str(), cell("Phone 6").as_str()),
        (" ::: Seven :: or so", "6 ::: 7")
    );
    let card = &cards(&table)[0];
    for pair in [
        "item1.EMAIL:1@a\r\nitem1.X-ABLabel:_$!<Other>!$_\r\nEMAIL;TYPE=work:2@a\r\n",
        "item2.TEL;TYPE=cell;PREF=1:+33 1\r\nitem2.X-ABLabel:=Bateau\\, l'été\r\n",
        "item3.TEL:2\r\nitem3.X-ABLabel:work\r\nTEL:3\r\n",
        "TEL;TYPE=home:6\r\nitem4.TEL:7\r\nitem4.X-ABLabel:Seven :: or so\r\n",
        "item5.ADR:;;a;;;;\r\nitem5.X-ABLabel:Grange\r\n",
        "item6.URL:https://a.org\r\nitem6.X-ABLabel:_$!<HomePage>!$_\r\n",
    ] {
        assert!(card.contains(pair), "{pair}: {card}");
    }
    assert!(!card.contains("None of these"), "{card}");
}

#[test]
fn what_is_written_comes_back_in_all_columns() {
    let out: String = CARDS.iter().map(|card| row(card).expect("readable")).collect();
    let table = format!("{}{out}", header());
    let back = cards(&table);
    assert_eq!(back.len(), CARDS.len());
    let again: String = back.iter().map(|card| row(card).expect("readable")).collect();
    assert_eq!(again, out);
    for (back, first) in back.iter().zip(CARDS) {
        assert_eq!(index(back).uid, index(first).uid);
        assert_eq!(index(back).emails.len(), index(first).emails.len());
    }
    assert!(
        table.contains("'=cmd|") && table.contains("'+33 1 23") && table.contains(",'t Hooft,"),
        "{table}"
    );
    assert!(
        back.first()
            .is_some_and(|card| card.contains("FN:=cmd|") && card.contains("TEL;TYPE=cell:+33 1 23\r\n"))
    );
}

#[test]
fn tables_of_other_programs() {
    let google = "First Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value\n\
                  Anne,Le Goff,Amis ::: * myContacts,* Home ::: * Chorale,a@b.org ::: c@d.org,Mobile,+33 1\n";
    let card = &cards(google)[0];
    let told = index(card);
    assert_eq!((told.full_name.as_str(), told.emails.len()), ("Anne Le Goff", 2));
    assert_eq!(told.categories, ["Amis", "myContacts"]);
    assert!(
        card.contains("EMAIL;TYPE=home;PREF=1:a@b.org\r\n")
            && card.contains("item1.EMAIL;PREF=1:c@d.org\r\nitem1.X-ABLabel:Chorale\r\n")
            && card.contains("TEL;TYPE=cell:+33 1\r\n"),
        "{card}"
    );

    let outlook = "\"Title\";\"First Name\";\"Last Name\";\"Job Title\";\"Business Street\";\"Business City\";\"Birthday\";\"E-mail Address\";\"E-mail Type\"\r\n\
                   \"M.\";\"Jean\";\"Du;pond\";\"Chef\";\"1 rue\r\nBât. A\";\"Lyon\";\"0/0/00\";\"j@d.fr\";\"SMTP\"\r\n";
    let card = &cards(outlook)[0];
    assert!(
        card.contains("N:Du\\;pond;Jean;;M.;\r\n")
            && card.contains("TITLE:Chef\r\n")
            && !card.contains("BDAY"),
        "{card}"
    );
    assert!(card.contains("ADR;TYPE=work:;;1 rue\\nBât. A;Lyon;;;\r\n"), "{card}");

    let thunderbird = "Display Name\tPrimary Email\tSecondary Email\tBirth Year\tBirth Month\tBirth Day\nZoé\tz@a\ty@a\t\t4\t2\n";
    let card = &cards(thunderbird)[0];
    assert!(card.contains("BDAY:--0402\r\n") && card.contains("EMAIL:z@a\r\nEMAIL:y@a\r\n"), "{card}");
}

#[test]
fn dates_that_can_be_two_stay_as_they_are_unless_told() {
    let table = "Name,Birthday\nA,25/12/1985\nB,4/12/1985\nC,04.12.1985\nD,12/25/1985\n";
    let days = |dates| {
        let all = cards_by(table, dates);
        all.iter()
            .map(|card| card.lines().find(|line| line.starts_with("BDAY")).unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        days(Dates::Unsaid),
        ["BDAY:19851225", "BDAY;VALUE=text:4/12/1985", "BDAY:19851204", "BDAY:19851225"]
    );
    assert_eq!(days(Dates::DayFirst)[1], "BDAY:19851204");
    assert_eq!(days(Dates::MonthFirst)[1], "BDAY:19850412");
}

#[test]
fn rows_are_told_by_their_lines() {
    let table = "sep=;\nName;Notes\nA;\"x\ny\"\n\nB;\n;nobody\n;\n";
    let rows: Vec<Row> = Reader::new(table, &Columns::default(), Dates::Unsaid).expect("readable").collect();
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 6, 7]);
    assert!(rows[2].card.is_err());
    let ends = table.replace('\n', "\r\n");
    let again: Vec<u64> = Reader::new(&ends, &Columns::default(), Dates::Unsaid)
        .expect("readable")
        .map(|row| row.line)
        .collect();
    assert_eq!(again, [3, 6, 7]);
    assert_eq!(
        Reader::new("a,b\n1,2\n", &Columns::default(), Dates::Unsaid).err(),
        Some(Unreadable::NoColumns)
    );
    let reader = Reader::new("Name,Shoe size\n", &Columns::default(), Dates::Unsaid).expect("readable");
    assert_eq!(reader.ignored(), ["Shoe size"]);
}

#[test]
fn cells_cannot_add_lines() {
    let table = "Name,E-mail 1 - Label,E-mail 1 - Value,UID,Website\n\"A\r\nEND:VCARD\",\"x;y\nX:1\",\"a@b\r\nX-EVIL:1\",\"u\r\nX:2\",\"http://a\r\nX:3\"\n";
    let card = &cards(table)[0];
    let document = Document::parse(card, Limits::default()).expect("readable");
    assert_eq!((document.roots.len(), document.roots[0].lines.len()), (1, 6), "{card}");
    assert!(card.contains("X-ABLabel:x\\;y\\nX:1\r\n"), "{card}");
}
