//! When devices were last seen, and last asked what had changed. Knows no login.

use super::schema::device_use;
use super::{Error, ReadTx, WriteTx};
use crate::domain::id::{CollectionId, PrincipalId};
use diesel::prelude::*;

/// When a device was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceUse {
    /// Whose.
    pub principal: PrincipalId,
    /// The device's key: see `domain/device.rs`.
    pub device: String,
    /// The collection of which it asked what had changed; `None`: when it was seen at all.
    pub collection: Option<CollectionId>,
    /// The program; empty where it does not say.
    pub program: String,
    /// Microseconds UTC.
    pub at: i64,
}

impl ReadTx<'_> {
    /// All that was seen of a principal's devices.
    pub fn device_uses(&mut self, of: PrincipalId) -> Result<Vec<DeviceUse>, Error> {
        let rows: Vec<(i64, String, i64, String, i64)> =
            device_use::table.filter(device_use::principal.eq(of.0)).load(self.conn)?;
        let seen = |(principal, device, collection, program, at)| DeviceUse {
            principal: PrincipalId(principal),
            device,
            collection: Some(CollectionId(collection)).filter(|id| id.0 != 0),
            program,
            at,
        };
        Ok(rows.into_iter().map(seen).collect())
    }
}

impl WriteTx<'_> {
    /// Notes when a device was seen; what was noted before is forgotten.
    pub fn note_device(&mut self, seen: &DeviceUse) -> Result<(), Error> {
        let collection = seen.collection.map_or(0, |id| id.0);
        let key = (seen.principal.0, &seen.device, collection);
        diesel::delete(device_use::table.find(key)).execute(self.conn)?;
        diesel::insert_into(device_use::table)
            .values((
                device_use::principal.eq(seen.principal.0),
                device_use::device.eq(&seen.device),
                device_use::collection.eq(collection),
                device_use::program.eq(&seen.program),
                device_use::at.eq(seen.at),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Forgets what was seen of a device.
    pub fn forget_device(&mut self, of: PrincipalId, device: &str) -> Result<(), Error> {
        diesel::delete(
            device_use::table.filter(device_use::principal.eq(of.0).and(device_use::device.eq(device))),
        )
        .execute(self.conn)?;
        Ok(())
    }

    /// Forgets what was last seen before `before` (microseconds UTC); how many rows went.
    pub fn purge_devices(&mut self, before: i64) -> Result<usize, Error> {
        Ok(diesel::delete(device_use::table.filter(device_use::at.lt(before))).execute(self.conn)?)
    }
}
