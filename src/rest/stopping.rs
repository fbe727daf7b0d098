//! Word of the server's stop for requests that wait: they end with it, for else the stop would wait for them.

use tokio::sync::watch;

/// Whether the server stops. By default it never does.
#[derive(Debug, Clone, Default)]
pub struct Stopping(Option<watch::Receiver<bool>>);

impl Stopping {
    /// Until `true` is sent.
    pub fn new(word: watch::Receiver<bool>) -> Self {
        Stopping(Some(word))
    }

    /// Whether it has begun to.
    pub fn has_begun(&self) -> bool {
        self.0.as_ref().is_some_and(|word| *word.borrow())
    }

    /// Waits until it begins to.
    pub async fn begun(&mut self) {
        if let Some(word) = &mut self.0
            && word.wait_for(|stops| *stops).await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }
}
