//! Who is in the demonstration: the people of an invented institute, its groups and its rooms.

use crate::domain::group::Role;
use crate::domain::principal::{NewPrincipal, PrincipalKind};

/// Everybody's time zone.
pub const ZONE: &str = "Europe/Paris";
/// Logins that get a password, with what the guide says of them.
pub const OPEN: [(&str, &str); 5] = [
    ("claire.martin", "directrice de recherche à Paris: the fullest calendar, tasks and contacts"),
    ("karim.benali", "chargé de recherche à Lyon: invited by Claire, shares a project calendar"),
    ("sophie.lefevre", "secrétaire générale à Lille: monthly committee, all-day events"),
    ("yann.le-goff", "ingénieur à Rennes: daily stand-up, recurring tasks"),
    ("julien.moreau", "informatique, may administer the server"),
];

/// The regional delegations: name, and the domain of their addresses.
pub const REGIONS: [(&str, &str); 14] = [
    ("Paris", "paris"),
    ("Lyon", "lyon"),
    ("Lille", "lille"),
    ("Rennes", "rennes"),
    ("Créteil", "creteil"),
    ("Marseille", "marseille"),
    ("Montpellier", "montpellier"),
    ("Bordeaux", "bordeaux"),
    ("Toulouse", "toulouse"),
    ("Nantes", "nantes"),
    ("Strasbourg", "strasbourg"),
    ("Grenoble", "grenoble"),
    ("Nancy", "nancy"),
    ("Nice", "nice"),
];

/// A member of the staff.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// Given name.
    pub first: &'static str,
    /// Family name.
    pub last: &'static str,
    /// Login.
    pub login: &'static str,
    /// Index into [`REGIONS`].
    pub region: usize,
    /// What the person does.
    pub title: &'static str,
}

const fn person(
    first: &'static str,
    last: &'static str,
    login: &'static str,
    region: usize,
    title: &'static str,
) -> Person {
    Person { first, last, login, region, title }
}

/// The staff; the first one of a region leads it.
pub const PEOPLE: [Person; 45] = [
    person("Claire", "Martin", "claire.martin", 0, "Directrice de recherche"),
    person("Julien", "Moreau", "julien.moreau", 0, "Administrateur systèmes"),
    person("Nadia", "Cherif", "nadia.cherif", 0, "Responsable informatique"),
    person("Paul", "Girard", "paul.girard", 0, "Chargé de mission"),
    person("Hélène", "Roussel", "helene.roussel", 0, "Gestionnaire"),
    person("Étienne", "Faure", "etienne.faure", 0, "Doctorant"),
    person("Karim", "Benali", "karim.benali", 1, "Chargé de recherche"),
    person("Isabelle", "Fontaine", "isabelle.fontaine", 1, "Ingénieure de recherche"),
    person("Mathieu", "Perrin", "mathieu.perrin", 1, "Biostatisticien"),
    person("Aïcha", "Diallo", "aicha.diallo", 1, "Post-doctorante"),
    person("Sophie", "Lefèvre", "sophie.lefevre", 2, "Secrétaire générale"),
    person("Bruno", "Dewaele", "bruno.dewaele", 2, "Technicien"),
    person("Camille", "Vasseur", "camille.vasseur", 2, "Chargée de communication"),
    person("Yann", "Le Goff", "yann.le-goff", 3, "Ingénieur d’études"),
    person("Maëlle", "Kerbrat", "maelle.kerbrat", 3, "Responsable qualité"),
    person("Gaël", "Riou", "gael.riou", 3, "Technicien d’exploitation"),
    person("Fatou", "Sarr", "fatou.sarr", 4, "Épidémiologiste"),
    person("Thomas", "Lambert", "thomas.lambert", 4, "Chef de laboratoire"),
    person("Jean", "Dupond", "jean.dupond", 4, "Chargé de recherche"),
    person("Lucie", "Blanchard", "lucie.blanchard", 5, "Directrice d’unité"),
    person("Antoine", "Rossi", "antoine.rossi", 5, "Animalier"),
    person("Myriam", "Haddad", "myriam.haddad", 5, "Gestionnaire"),
    person("Pierre", "Soler", "pierre.soler", 6, "Directeur d’unité"),
    person("Élodie", "Vidal", "elodie.vidal", 6, "Ingénieure en imagerie"),
    person("Quentin", "Mas", "quentin.mas", 6, "Doctorant"),
    person("Anne", "Laborde", "anne.laborde", 7, "Neurologue"),
    person("Vincent", "Castaing", "vincent.castaing", 7, "Technicien"),
    person("Inès", "Etcheverry", "ines.etcheverry", 7, "Post-doctorante"),
    person("François", "Delmas", "francois.delmas", 8, "Directeur de recherche"),
    person("Léa", "Cazals", "lea.cazals", 8, "Assistante de direction"),
    person("Rémi", "Bonnet", "remi.bonnet", 8, "Développeur"),
    person("Catherine", "Guérin", "catherine.guerin", 9, "Immunologiste"),
    person("Damien", "Brossard", "damien.brossard", 9, "Acheteur"),
    person("Océane", "Thibault", "oceane.thibault", 9, "Documentaliste"),
    person("Marc", "Schneider", "marc.schneider", 10, "Directeur d’unité"),
    person("Julie", "Weber", "julie.weber", 10, "Chargée de recherche"),
    person("Luc", "Muller", "luc.muller", 10, "Technicien"),
    person("Agnès", "Chabert", "agnes.chabert", 11, "Physicienne"),
    person("Hugo", "Morel", "hugo.morel", 11, "Doctorant"),
    person("Virginie", "Blanc", "virginie.blanc", 11, "Responsable achats"),
    person("Philippe", "Colin", "philippe.colin", 12, "Cardiologue"),
    person("Sandrine", "Thiébaut", "sandrine.thiebaut", 12, "Infirmière de recherche"),
    person("Noémie", "Giraud", "noemie.giraud", 13, "Directrice d’unité"),
    person("Olivier", "Bianchi", "olivier.bianchi", 13, "Ingénieur système"),
    person("Zoé", "Nguyen", "zoe.nguyen", 13, "Bio-informaticienne"),
];

/// A room: login, name, place, seats.
pub const ROOMS: [(&str, &str, &str, u32); 6] = [
    ("salle-curie", "Salle Marie-Curie", "Paris, bâtiment A, 2e étage", 20),
    ("salle-pasteur", "Salle Louis-Pasteur", "Paris, bâtiment B, rez-de-chaussée", 8),
    ("salle-lumiere", "Salle Lumière", "Lyon, 1er étage", 14),
    ("salle-duclaux", "Salle Duclaux", "Lille, 3e étage", 10),
    ("salle-laennec", "Salle Laennec", "Rennes, rez-de-chaussée", 12),
    ("amphi-barre", "Amphithéâtre Barré-Sinoussi", "Créteil", 180),
];

/// A group: login, name, members by login. Groups of the regions come besides.
pub const GROUPS: [(&str, &str, &[&str]); 3] = [
    (
        "informatique",
        "Service informatique",
        &["nadia.cherif", "julien.moreau", "yann.le-goff", "gael.riou", "remi.bonnet", "olivier.bianchi"],
    ),
    (
        "projet-genomique",
        "Projet Génomique",
        &["claire.martin", "karim.benali", "mathieu.perrin", "zoe.nguyen", "etienne.faure"],
    ),
    (
        "comite",
        "Comité de direction",
        &[
            "sophie.lefevre",
            "claire.martin",
            "karim.benali",
            "lucie.blanchard",
            "pierre.soler",
            "marc.schneider",
        ],
    ),
];

/// A group of groups and people: login, name, what it is for, who is in it. Made after the others.
pub const AROUND: [(&str, &str, &str, &[&str]); 4] = [
    (
        "bio-informatique",
        "Plateforme de bio-informatique",
        "Séquençage, calcul et statistiques pour tous les projets",
        &["zoe.nguyen", "mathieu.perrin", "remi.bonnet"],
    ),
    (
        "recherche",
        "Direction de la recherche",
        "Les projets et les plateformes de l’institut",
        &["projet-genomique", "bio-informatique", "francois.delmas"],
    ),
    (
        "ile-de-france",
        "Délégations d’Île-de-France",
        "Paris et Créteil",
        &["delegation-paris", "delegation-creteil"],
    ),
    (
        "grand-sud",
        "Délégations du Grand Sud",
        "De Bordeaux à Nice",
        &[
            "delegation-bordeaux",
            "delegation-toulouse",
            "delegation-montpellier",
            "delegation-marseille",
            "delegation-nice",
        ],
    ),
];

/// A group that only those in it know of: login, name, what it is for, who is in it; the first one owns it.
pub const SECRET: (&str, &str, &str, &[&str]) = (
    "preparation-conseil",
    "Préparation du conseil",
    "Ordre du jour et documents, avant leur envoi au comité",
    &["sophie.lefevre", "claire.martin", "lea.cazals"],
);

/// Who keeps which group.
pub const KEEPERS: [(&str, &str, Role); 4] = [
    ("projet-genomique", "claire.martin", Role::Owner),
    ("projet-genomique", "karim.benali", Role::Manager),
    ("informatique", "nadia.cherif", Role::Owner),
    ("bio-informatique", "zoe.nguyen", Role::Owner),
];

/// The group of all; made last, so that it tells whether everything is there.
pub const EVERYBODY: (&str, &str) = ("tous", "Tout l’institut");

impl Person {
    /// Name as people say it.
    pub fn name(&self) -> String {
        format!("{} {}", self.first, self.last)
    }

    /// Mail address.
    pub fn mail(&self) -> String {
        let domain = REGIONS.get(self.region).map_or("paris", |(_, domain)| domain);
        format!("{}@{domain}.institut.example", self.login)
    }

    /// The region's name.
    pub fn city(&self) -> &'static str {
        REGIONS.get(self.region).map_or("Paris", |(name, _)| name)
    }

    /// What makes the account.
    pub fn account(&self) -> NewPrincipal {
        NewPrincipal {
            kind: PrincipalKind::User,
            handle: self.login.into(),
            display_name: self.name(),
            addresses: vec![self.mail()],
            admin: self.login == "julien.moreau",
            time_zone: Some(ZONE.into()),
        }
    }
}

/// Somebody by login.
pub fn by_login(login: &str) -> Option<&'static Person> {
    PEOPLE.iter().find(|person| person.login == login)
}

/// The people of a region, the one who leads it first.
pub fn of_region(region: usize) -> impl Iterator<Item = &'static Person> {
    PEOPLE.iter().filter(move |person| person.region == region)
}

/// The address of a group or a room.
pub fn shared_mail(handle: &str) -> String {
    format!("{handle}@institut.example")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::principal::valid_handle;
    use std::collections::BTreeSet;

    #[test]
    fn everybody_is_there_once_and_every_region_is_led() {
        let logins: BTreeSet<_> = PEOPLE.iter().map(|person| person.login).collect();
        assert_eq!(logins.len(), PEOPLE.len());
        assert!(PEOPLE.len() >= 40 && logins.iter().all(|login| valid_handle(login)));
        assert!((0..REGIONS.len()).all(|region| of_region(region).count() >= 2));
        let members = GROUPS.iter().map(|(_, _, members)| *members).chain([SECRET.3]).flatten();
        assert!(members.chain(OPEN.iter().map(|(login, _)| login)).all(|login| by_login(login).is_some()));
    }
}
