//! What the server does for one program only, each with its reason. Everything else follows the RFCs.

/// Whether a program that names no version in `address-data` reads vCard 4.0 all the same, and would lose by 3.0.
///
/// Thunderbird writes 4.0, asks the card back without a version and replaces its own copy by the answer; of the 3.0
/// form it understands neither birthdays without a year nor anniversaries (RFC 6352 §10.4.1 would have 3.0).
pub fn reads_stored_version(user_agent: &str) -> bool {
    user_agent.contains("Thunderbird/")
}
