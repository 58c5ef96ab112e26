//! Which language a file is written in, judged by name and first bytes.

/// The language of a file, or `None` when it is not source Vega knows.
pub fn detect(path: &str, first_bytes: &[u8]) -> Option<&'static str> {
    let _ = (path, first_bytes);
    None
}
