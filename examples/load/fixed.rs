//! Rows whose requests are made once: each answer is checked to the bottom when it is new, and by its bytes when it is the same again.

use crate::http::Answer;
use crate::measure::{Ask, Row};
use std::rc::Rc;

/// Looks into the answer to one request.
type Check = Box<dyn Fn(usize, &str) -> Result<(), String>>;

/// Requests that are asked in turn.
pub struct Fixed {
    requests: Vec<Rc<[u8]>>,
    status: u16,
    check: Check,
    /// Answers that were found right.
    right: Vec<Option<Vec<u8>>>,
    next: usize,
}

impl Fixed {
    /// All answered with `status` and a body that `check` finds right; it is told the request's place.
    pub fn new(
        requests: Vec<Vec<u8>>,
        status: u16,
        check: impl Fn(usize, &str) -> Result<(), String> + 'static,
    ) -> Self {
        let right = requests.iter().map(|_| None).collect();
        Fixed {
            requests: requests.into_iter().map(Rc::from).collect(),
            status,
            check: Box::new(check),
            right,
            next: 0,
        }
    }
}

impl Row for Fixed {
    fn ask(&mut self, _: usize) -> Option<Ask> {
        self.next = (self.next + 1) % self.requests.len();
        self.requests.get(self.next).map(|bytes| Ask { bytes: Rc::clone(bytes), key: self.next })
    }

    fn judge(&mut self, key: usize, answer: Answer<'_>) -> Result<(), String> {
        if answer.status != self.status {
            let text = String::from_utf8_lossy(answer.body);
            return Err(format!(
                "status {} instead of {}: {}",
                answer.status,
                self.status,
                text.chars().take(300).collect::<String>()
            ));
        }
        let right = self.right.get_mut(key).ok_or("an answer without a request")?;
        if right.as_deref() == Some(answer.body) {
            return Ok(());
        }
        let text = std::str::from_utf8(answer.body).map_err(|_| "the answer is not UTF-8")?;
        (self.check)(key, text)?;
        *right = Some(answer.body.to_vec());
        Ok(())
    }
}
