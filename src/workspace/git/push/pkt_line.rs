//! The framing of git's protocols: four hex digits of length, then that many bytes less four; `0000`
//! is a flush. Format: gitprotocol-common(5).

use std::io::{self, Read};

/// The longest line, with its length.
const MAX_LINE: usize = 65_520;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet {
    /// The end of a section.
    Flush,
    /// Content.
    Line(Vec<u8>),
}

/// The next line; none at the end of the input.
///
/// # Errors
/// `InvalidData` for a length that is none, `UnexpectedEof` for a line that is cut off.
pub(super) fn read(input: &mut impl Read) -> io::Result<Option<Packet>> {
    let mut head = [0; 4];
    let first = loop {
        match input.read(&mut head[..1]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    if first == 0 {
        return Ok(None);
    }
    input.read_exact(&mut head[1..])?;
    let length = std::str::from_utf8(&head)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .and_then(|text| usize::from_str_radix(text, 16).ok());
    match length {
        Some(0) => Ok(Some(Packet::Flush)),
        Some(length @ 4..=MAX_LINE) => {
            let mut line = vec![0; length - 4];
            input.read_exact(&mut line)?;
            Ok(Some(Packet::Line(line)))
        }
        _ => Err(io::Error::from(io::ErrorKind::InvalidData)),
    }
}

/// Adds a line, which must have less than 65,516 bytes.
pub(super) fn write(output: &mut Vec<u8>, line: &[u8]) {
    output.extend_from_slice(format!("{:04x}", line.len() + 4).as_bytes());
    output.extend_from_slice(line);
}

/// Adds a flush.
pub(super) fn flush(output: &mut Vec<u8>) {
    output.extend_from_slice(b"0000");
}
