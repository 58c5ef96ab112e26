//! What scans used: time, and AI by the provider's own count.

use std::ops::AddAssign;

/// AI use. Money is in nano-USD, tokens are the provider's; cached input is part of input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LlmUsage {
    /// Requests.
    pub requests: u64,
    /// Input tokens.
    pub input_tokens: u64,
    /// Those of them that came from the provider's cache.
    pub cached_input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Those of them spent on reasoning.
    pub reasoning_tokens: u64,
    /// Cost.
    pub cost_nano_usd: u64,
    /// Held for requests that have not been settled.
    pub reserved_nano_usd: u64,
}

/// The use of one or more scans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Scans.
    pub scans: u64,
    /// Seconds from the first start to the end.
    pub scan_seconds: u64,
    /// AI.
    pub llm: LlmUsage,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        let (sum, more) = (&mut self.llm, other.llm);
        self.scans += other.scans;
        self.scan_seconds += other.scan_seconds;
        sum.requests += more.requests;
        sum.input_tokens += more.input_tokens;
        sum.cached_input_tokens += more.cached_input_tokens;
        sum.output_tokens += more.output_tokens;
        sum.reasoning_tokens += more.reasoning_tokens;
        sum.cost_nano_usd += more.cost_nano_usd;
        sum.reserved_nano_usd += more.reserved_nano_usd;
    }
}
