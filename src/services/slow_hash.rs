//! The slow hash of passwords: argon2id with the crate's parameters (19 MiB, two passes), kept as a PHC string. RFC 9106.
//!
//! Its memory comes from the system and goes back to it at once: the allocator of everything else keeps some megabytes of so
//! large a block for as long as the server runs. Knows neither accounts nor turns; the caller is on a thread that may block.

use allocator_api2::alloc::System;
use allocator_api2::vec::Vec;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{CustomizedPasswordHasher, Error, PasswordVerifier, Result, try_generate_salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// What is asked of the system at the least, in [`Block`]s of 1 KiB: a C library gives a block of more than 32 MiB a mapping of
/// its own, whatever was freed before. What of it is not written to takes no memory.
const MAPPED: usize = 33 * 1024;

/// argon2 in memory of the system.
struct SlowHash;

impl CustomizedPasswordHasher<PasswordHash> for SlowHash {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> Result<PasswordHash> {
        let algorithm = algorithm.map(Algorithm::try_from).transpose()?.unwrap_or_default();
        let version = version.map(Version::try_from).transpose()?.unwrap_or_default();
        let mut output = [0; Output::MAX_LENGTH];
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = output.get_mut(..length).ok_or(Error::OutputSize)?;
        let written = ParamsString::try_from(&params)?;
        let mut memory = memory(params.block_count())?;
        Argon2::new(algorithm, version, params).hash_password_into_with_memory(
            password,
            salt,
            output,
            memory.as_mut_slice(),
        )?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: written,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(output)?),
        })
    }
}

fn memory(blocks: usize) -> Result<Vec<Block, System>> {
    let mut memory = Vec::new_in(System);
    memory.try_reserve_exact(blocks.max(MAPPED)).map_err(|_| Error::OutOfMemory)?;
    memory.resize(blocks, Block::new());
    Ok(memory)
}

/// The PHC string of a password, with a salt of its own. An error says that the system had no memory or no randomness.
pub(super) fn hash(password: &str) -> Result<String> {
    let salt = try_generate_salt().map_err(|_| Error::Crypto)?;
    let hash =
        SlowHash.hash_password_customized(password.as_bytes(), &salt, None, None, Params::default())?;
    Ok(hash.to_string())
}

/// Whether a password is that of a PHC string. Takes the same time for every password.
pub(super) fn verify(password: &str, kept: &str) -> bool {
    PasswordHash::new(kept).is_ok_and(|kept| SlowHash.verify_password(password.as_bytes(), &kept).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::PasswordHasher;

    #[test]
    fn a_hash_admits_its_password_alone() {
        let kept = hash("correct horse battery").expect("memory");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(verify("correct horse battery", &kept));
        assert!(!verify("correct horse batter", &kept));
        assert!(!verify("", &kept));
        assert_ne!(kept, hash("correct horse battery").expect("memory"), "a salt of its own");
    }

    #[test]
    fn hashes_are_those_of_the_crate() {
        let others = Argon2::default().hash_password("motdepassé".as_bytes()).expect("memory").to_string();
        assert!(verify("motdepassé", &others));
        let params = Params::new(64, 3, 2, Some(20)).expect("allowed");
        let smaller = Argon2::new(Algorithm::Argon2i, Version::V0x10, params)
            .hash_password(b"x")
            .expect("memory")
            .to_string();
        assert!(verify("x", &smaller) && !verify("y", &smaller), "{smaller}");
        let ours = PasswordHash::new(&hash("x").expect("memory")).expect("a PHC string");
        assert!(Argon2::default().verify_password(b"x", &ours).is_ok());
    }

    #[test]
    fn what_is_no_hash_admits_nobody() {
        for kept in ["", "x", "$argon2id$v=19$m=19456,t=2,p=1$", "$scrypt$ln=1$c2FsdHNhbHQ$aGFzaGhhc2g"] {
            assert!(!verify("", kept) && !verify("x", kept), "{kept}");
        }
    }
}
