//! Getting source trees safely.
