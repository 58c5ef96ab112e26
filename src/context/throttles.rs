//! The limits on requests and sign-ins of this process, with their clock.
//!
//! They live in memory: each process counts for itself, and a restart forgets. That is enough to
//! slow a guesser or a runaway script down, which is all they are for.

use crate::{
    clock::Stopwatch,
    domain::{ids::UserId, throttle::Throttle},
    error::{Error, ErrorCode, Result},
    settings::ThrottleSettings,
};
use std::{
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);
/// Refused sign-ins to one account, or to all unknown ones, that are noted in their window.
const NOTED_REFUSALS: u32 = 10;
/// The window of uploads nobody completes: after it, what was put is cleared up.
const UPLOAD_WINDOW: Duration = Duration::from_secs(24 * 3600);
/// The window of failed sign-ins.
const SIGN_IN_WINDOW: Duration = Duration::from_secs(15 * 60);

/// Requests per credential; failed sign-ins per account and per address.
#[derive(Debug)]
pub struct Throttles {
    since: Stopwatch,
    // Keys are hashed with a seed of this process: nobody can aim for another's bucket.
    seed: RandomState,
    requests: Mutex<Throttle>,
    accounts: Mutex<Throttle>,
    addresses: Mutex<Throttle>,
    refusals: Mutex<Throttle>,
    refusals_not_noted: AtomicU64,
    uploads: Mutex<Throttle>,
}

impl Throttles {
    /// Full buckets.
    pub fn new(settings: &ThrottleSettings) -> Self {
        Self {
            since: Stopwatch::start(),
            seed: RandomState::new(),
            requests: Mutex::new(Throttle::new(settings.requests_per_minute, MINUTE)),
            accounts: Mutex::new(Throttle::new(settings.sign_ins_per_account, SIGN_IN_WINDOW)),
            addresses: Mutex::new(Throttle::new(settings.sign_ins_per_address, SIGN_IN_WINDOW)),
            refusals: Mutex::new(Throttle::new(NOTED_REFUSALS, SIGN_IN_WINDOW)),
            refusals_not_noted: AtomicU64::new(0),
            uploads: Mutex::new(Throttle::new(settings.open_archive_uploads, UPLOAD_WINDOW)),
        }
    }

    /// Counts a request with this credential.
    ///
    /// # Errors
    /// `rate_limited` with the seconds to wait.
    pub fn request(&self, bearer: &str) -> Result<()> {
        locked(&self.requests)
            .take(self.key(bearer), self.since.elapsed())
            .map_err(|wait| limited("Too many requests with this credential", wait))
    }

    /// Whether a sign-in to `email` from `address` may be tried.
    ///
    /// # Errors
    /// `rate_limited` with the seconds to wait.
    pub fn may_sign_in(&self, email: &str, address: Option<IpAddr>) -> Result<()> {
        let now = self.since.elapsed();
        let refused = |wait| limited("Too many failed sign-ins", wait);
        locked(&self.accounts)
            .check(self.key(email), now)
            .map_err(refused)?;
        match address {
            Some(address) => locked(&self.addresses)
                .check(self.key(network(address)), now)
                .map_err(refused),
            None => Ok(()),
        }
    }

    /// Counts a failed sign-in.
    pub fn sign_in_failed(&self, email: &str, address: Option<IpAddr>) {
        let now = self.since.elapsed();
        locked(&self.accounts).spend(self.key(email), now);
        if let Some(address) = address {
            locked(&self.addresses).spend(self.key(network(address)), now);
        }
    }

    /// Whether a refused sign-in to `account`, none of which is known, may be noted: a guesser must
    /// not fill the log. If so, how many before it were not.
    pub fn refusal_may_be_noted(&self, account: Option<UserId>) -> Option<u64> {
        let taken = locked(&self.refusals).take(self.key(account), self.since.elapsed());
        if taken.is_err() {
            self.refusals_not_noted(1);
            return None;
        }
        Some(self.refusals_not_noted.swap(0, Ordering::Relaxed))
    }

    /// Counts refused sign-ins without an entry in the log; the next entry tells of them.
    pub fn refusals_not_noted(&self, count: u64) {
        self.refusals_not_noted.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts an address for an archive.
    ///
    /// # Errors
    /// `quota_exceeded` when `user` got too many and completed too few.
    pub fn archive_upload_begun(&self, user: UserId) -> Result<()> {
        let taken = locked(&self.uploads).take(self.key(user), self.since.elapsed());
        taken.map_err(|wait| {
            let seconds = wait.as_secs_f64().ceil();
            let message = format!(
                "Too many archive uploads were begun and not completed; complete one, or try again in \
                 {seconds} s"
            );
            Error::new(ErrorCode::QuotaExceeded, message)
                .with_detail("retry_after_seconds", seconds as u64)
        })
    }

    /// What was put to an address is used, or gone.
    pub fn archive_upload_ended(&self, user: UserId) {
        locked(&self.uploads).give_back(self.key(user), self.since.elapsed());
    }

    /// A sign-in that succeeds clears the account. The address stays as it was: its owner could
    /// sign in to an account of their own between guesses.
    pub fn signed_in(&self, email: &str) {
        locked(&self.accounts).forgive(self.key(email));
    }

    fn key(&self, value: impl Hash) -> u64 {
        self.seed.hash_one(value)
    }
}

/// One site has a whole /64 of IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let prefix = u128::from(v6) & (u128::MAX << 64);
            IpAddr::V6(prefix.into())
        }
        v4 => v4,
    }
}

/// A bucket is right whatever happened to the thread that changed it.
fn locked(throttle: &Mutex<Throttle>) -> MutexGuard<'_, Throttle> {
    throttle.lock().unwrap_or_else(PoisonError::into_inner)
}

fn limited(what: &str, wait: Duration) -> Error {
    let seconds = wait.as_secs_f64().ceil().max(1.0);
    Error::new(
        ErrorCode::RateLimited,
        format!("{what}; try again in {seconds} s"),
    )
    .with_detail("retry_after_seconds", seconds as u64)
}
