//! The answer to a push: how it went for each reference, and lines for the person who pushed.
//!
//! Every text in it is ours: what git complains of names files of this machine.

use super::{pkt_line, request::Capabilities};

/// Bytes of the report carried by one line of a band.
const PART: usize = 65_000;
/// The band of the report.
const DATA: u8 = 1;
/// The band for people; their git shows its lines behind `remote:`.
const PEOPLE: u8 = 2;

/// How a push went.
#[derive(Debug, Default)]
pub struct PushReport {
    /// Why the pack was not taken, if it was not.
    pub unpack: Option<String>,
    /// Each reference, and why it was not changed, if it was not.
    pub references: Vec<(String, Option<String>)>,
    /// Lines for people.
    pub messages: Vec<String>,
}

impl PushReport {
    /// The body of the answer.
    pub fn answer(&self, capabilities: Capabilities) -> Vec<u8> {
        let report = if capabilities.report {
            self.report()
        } else {
            Vec::new()
        };
        if !capabilities.bands {
            return report;
        }
        let mut answer = Vec::new();
        for message in &self.messages {
            pkt_line::write(
                &mut answer,
                &band(PEOPLE, format!("{message}\n").as_bytes()),
            );
        }
        for part in report.chunks(PART) {
            pkt_line::write(&mut answer, &band(DATA, part));
        }
        pkt_line::flush(&mut answer);
        answer
    }

    fn report(&self) -> Vec<u8> {
        let mut report = Vec::new();
        let unpack = self.unpack.as_deref().unwrap_or("ok");
        pkt_line::write(&mut report, format!("unpack {unpack}\n").as_bytes());
        for (name, refused) in &self.references {
            let line = match refused {
                None => format!("ok {name}\n"),
                Some(reason) => format!("ng {name} {reason}\n"),
            };
            pkt_line::write(&mut report, line.as_bytes());
        }
        pkt_line::flush(&mut report);
        report
    }
}

fn band(number: u8, content: &[u8]) -> Vec<u8> {
    let mut line = Vec::with_capacity(content.len() + 1);
    line.push(number);
    line.extend_from_slice(content);
    line
}
