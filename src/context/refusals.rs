//! Refused sign-ins on their way to the audit log: a short queue, so that noting them is not part of
//! the answer, whose time would tell which accounts exist, and cannot pile up.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// At most this many wait; those after them are only counted.
const LONGEST: usize = 256;

/// A sign-in that was refused.
#[derive(Debug)]
pub struct Refusal {
    /// What was given as the name, normalised.
    pub email: String,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// The request.
    pub request_id: Option<String>,
}

/// Those that wait, in their order.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    refusals: VecDeque<Refusal>,
    worked_on: bool,
}

/// What became of a refusal that was to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    /// It waits, and the caller has to see to the work until [`Refusals::pop`] has nothing more.
    First,
    /// It waits; somebody is at work.
    Behind,
    /// There were too many.
    Full,
}

impl Refusals {
    /// Adds one at the end.
    pub fn add(&self, refusal: Refusal) -> Queued {
        let mut waiting = self.waiting();
        if waiting.refusals.len() >= LONGEST {
            return Queued::Full;
        }
        waiting.refusals.push_back(refusal);
        match std::mem::replace(&mut waiting.worked_on, true) {
            true => Queued::Behind,
            false => Queued::First,
        }
    }

    /// The next one; without any the work is over.
    pub fn pop(&self) -> Option<Refusal> {
        let mut waiting = self.waiting();
        let next = waiting.refusals.pop_front();
        waiting.worked_on = next.is_some();
        next
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(n: usize) -> Refusal {
        Refusal {
            email: n.to_string(),
            address: None,
            request_id: None,
        }
    }

    #[test]
    fn the_queue_keeps_its_order_and_its_bound_and_has_one_worker() {
        let queue = Refusals::default();
        assert_eq!(queue.add(refusal(0)), Queued::First);
        for n in 1..LONGEST {
            assert_eq!(queue.add(refusal(n)), Queued::Behind);
        }
        assert_eq!(queue.add(refusal(LONGEST)), Queued::Full);
        for n in 0..LONGEST {
            assert_eq!(queue.pop().unwrap().email, n.to_string());
        }
        // The last one is still being worked on.
        assert_eq!(queue.add(refusal(0)), Queued::Behind);
        assert!(queue.pop().is_some() && queue.pop().is_none());
        assert_eq!(queue.add(refusal(0)), Queued::First);
    }
}
