//! Keys that tokens are signed with. Knows no signature.

use super::schema::signing_key;
use super::{Error, ReadTx, WriteTx};
use diesel::prelude::*;

/// A key as stored.
#[derive(Clone, PartialEq, Eq, Queryable)]
pub struct SigningKey {
    /// Counts up; no two are made at once.
    pub number: i64,
    /// What tokens call it.
    pub kid: String,
    /// 32 octets in base64url.
    pub public_key: String,
    /// 32 octets in base64url.
    pub secret: String,
    /// When it was made and published, microseconds UTC.
    pub created_at: i64,
    /// From when on it signs, microseconds UTC.
    pub signs_from: i64,
    /// When the last of its tokens that were given for longer than usual ends, microseconds UTC; 0 for none.
    pub needed_until: i64,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl ReadTx<'_> {
    /// All keys, the first made first.
    pub fn signing_keys(&mut self) -> Result<Vec<SigningKey>, Error> {
        Ok(signing_key::table.order(signing_key::number).load(self.conn)?)
    }

    /// Whether the key that tokens call so is kept.
    pub fn has_signing_key(&mut self, kid: &str) -> Result<bool, Error> {
        let of_this = signing_key::table.filter(signing_key::kid.eq(kid));
        Ok(of_this.count().get_result::<i64>(self.conn)? > 0)
    }
}

impl WriteTx<'_> {
    /// Adds a key. Another one of its number makes the transaction run again.
    pub fn add_signing_key(&mut self, key: &SigningKey) -> Result<(), Error> {
        diesel::insert_into(signing_key::table)
            .values((
                signing_key::number.eq(key.number),
                signing_key::kid.eq(&key.kid),
                signing_key::public_key.eq(&key.public_key),
                signing_key::secret.eq(&key.secret),
                signing_key::created_at.eq(key.created_at),
                signing_key::signs_from.eq(key.signs_from),
                signing_key::needed_until.eq(key.needed_until),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Notes that a token of a key ends at `until` (microseconds UTC); whether the key is there.
    pub fn need_signing_key(&mut self, kid: &str, until: i64) -> Result<bool, Error> {
        let of_this = signing_key::table.filter(signing_key::kid.eq(kid));
        diesel::update(of_this.filter(signing_key::needed_until.lt(until)))
            .set(signing_key::needed_until.eq(until))
            .execute(self.conn)?;
        self.has_signing_key(kid)
    }

    /// Removes these keys; what they signed is worth nothing.
    pub fn remove_signing_keys(&mut self, numbers: &[i64]) -> Result<usize, Error> {
        let gone = signing_key::table.filter(signing_key::number.eq_any(numbers));
        Ok(diesel::delete(gone).execute(self.conn)?)
    }
}
