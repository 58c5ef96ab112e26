//! The little of XML that manifests need: elements with attributes and text, as a flat list.
//!
//! Entities other than the five of XML itself are left out, document types are not read, nesting
//! and size are bounded.

use quick_xml::{Reader, events::Event};

/// Deeper documents are refused.
const MAX_DEPTH: usize = 64;
/// Documents with more elements are refused.
const MAX_ELEMENTS: usize = 500_000;

/// An element that has ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    /// Names from the root, joined by `/`.
    pub(super) path: String,
    pub(super) attributes: Vec<(String, String)>,
    /// Its own text, trimmed.
    pub(super) text: String,
    /// The number of the element that holds it; itself for the root.
    pub(super) parent: usize,
}

/// The elements of a document in the order in which they begin.
pub(super) fn elements(text: &str) -> Result<Vec<Element>, String> {
    let mut reader = Reader::from_str(text);
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    loop {
        match reader
            .read_event()
            .map_err(|_| "no XML document".to_owned())?
        {
            Event::Start(tag) => {
                begin(&tag, &open, &mut elements)?;
                open.push(elements.len() - 1);
            }
            Event::Empty(tag) => begin(&tag, &open, &mut elements)?,
            Event::End(_) => {
                if let Some(done) = open.pop() {
                    let text = elements[done].text.trim().to_owned();
                    elements[done].text = text;
                }
            }
            Event::Text(part) => {
                if let Some(current) = open.last() {
                    elements[*current].text.push_str(&part);
                }
            }
            Event::Eof => return Ok(elements),
            _ => {}
        }
    }
}

fn begin(
    tag: &quick_xml::events::BytesStart<'_>,
    open: &[usize],
    elements: &mut Vec<Element>,
) -> Result<(), String> {
    if open.len() >= MAX_DEPTH || elements.len() >= MAX_ELEMENTS {
        return Err("nested too deeply or too large".to_owned());
    }
    let parent = open.last().copied().unwrap_or(elements.len());
    let name = tag.local_name().as_ref().to_owned();
    let path = match open.last() {
        Some(outer) => format!("{}/{name}", elements[*outer].path),
        None => name,
    };
    let attributes = tag.attributes().flatten().take(64).map(|attribute| {
        let key: &str = attribute.key.as_ref();
        (key.to_owned(), attribute.value.into_owned())
    });
    elements.push(Element {
        path,
        attributes: attributes.collect(),
        text: String::new(),
        parent,
    });
    Ok(())
}
