//! What goes wrong below the services, and whether it is worth another try.
//!
//! Carries a `Fault` through a transaction unchanged, so that a closure can refuse and roll back.

use crate::domain::fault::{Condition, Fault};
use diesel::result::{DatabaseErrorKind, Error as Diesel};

/// A failed transaction.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The closure refused; nothing was stored.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The database refused or is out of reach.
    #[error("database: {0}")]
    Database(#[from] Diesel),
    /// No connection could be had in time.
    #[error("no database connection: {0}")]
    Unavailable(String),
    /// Too many writers wait already.
    #[error("the queue of writers is full")]
    Overloaded,
    /// A closure panicked; its work was rolled back.
    #[error("a transaction panicked")]
    Panicked,
}

impl From<Condition> for Error {
    fn from(condition: Condition) -> Self {
        Error::Fault(Fault::Condition(condition))
    }
}

impl Error {
    /// Whether the same transaction may succeed when it runs again: serialization failure, deadlock, lock time-out, or a
    /// clash of keys with a concurrent writer that the second run will see.
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::Database(Diesel::DatabaseError(kind, info)) => match kind {
                DatabaseErrorKind::SerializationFailure | DatabaseErrorKind::UniqueViolation => true,
                _ => {
                    let message = info.message();
                    message.contains("deadlock detected")
                        || message.contains("could not serialize")
                        || message.contains("due to lock timeout")
                        || message.contains("database is locked")
                        || message.contains("database table is locked")
                }
            },
            _ => false,
        }
    }

    /// Whether the connection itself is lost.
    pub fn is_broken(&self) -> bool {
        match self {
            Error::Database(Diesel::BrokenTransactionManager) => true,
            Error::Database(Diesel::DatabaseError(kind, info)) => {
                matches!(kind, DatabaseErrorKind::ClosedConnection)
                    || info.message().contains("terminating connection")
                    || info.message().contains("server closed the connection")
            }
            _ => false,
        }
    }

    /// What a protocol may tell of it. Logs what it must not tell.
    pub fn into_fault(self) -> Fault {
        match self {
            Error::Fault(fault) => fault,
            Error::Overloaded => Fault::Busy(2),
            Error::Unavailable(_) => {
                tracing::error!(error = %self, "database unavailable");
                Fault::Busy(5)
            }
            other if other.is_retryable() || other.is_broken() => {
                tracing::warn!(error = %other, "transaction given up");
                Fault::Busy(1)
            }
            other => {
                tracing::error!(error = %other, "transaction failed");
                Fault::Internal
            }
        }
    }
}
