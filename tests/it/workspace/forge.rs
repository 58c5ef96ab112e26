//! Forges archives byte by byte, so that every field can lie.

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder},
};
use std::io::Write;

pub fn deflate(content: &[u8]) -> Vec<u8> {
    let mut out = DeflateEncoder::new(Vec::new(), Compression::default());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

pub fn zstd(content: &[u8]) -> Vec<u8> {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    compress_to_vec(content, CompressionLevel::Fastest)
}

pub fn xz(content: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut out = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    out.write_all(content).unwrap();
    out.finish().unwrap()
}

/// A zip entry as told by the central directory, with what the local header tells instead.
#[derive(Clone)]
pub struct ZipEntry {
    pub name: Vec<u8>,
    pub local_name: Option<Vec<u8>>,
    pub method: u16,
    pub flags: u16,
    pub crc: u32,
    pub data: Vec<u8>,
    pub size: u32,
    pub local_size: Option<u32>,
    pub packed: Option<u32>,
    pub host: u8,
    pub mode: u32,
    pub offset: Option<u32>,
    pub central_extra: Vec<u8>,
}

impl ZipEntry {
    pub fn stored(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.into(),
            local_name: None,
            method: 0,
            flags: 0,
            crc: crc32fast::hash(content),
            data: content.to_vec(),
            size: content.len() as u32,
            local_size: None,
            packed: None,
            host: 3,
            mode: 0o100_644,
            offset: None,
            central_extra: Vec::new(),
        }
    }

    pub fn deflated(name: &str, content: &[u8]) -> Self {
        Self {
            method: 8,
            data: deflate(content),
            ..Self::stored(name, content)
        }
    }

    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub fn mode(self, mode: u32) -> Self {
        self.with(|entry| entry.mode = mode)
    }
}

pub fn zip(entries: &[ZipEntry]) -> Vec<u8> {
    zip_with(entries, |_| {})
}

/// `change` gets the end record before it is appended.
pub fn zip_with(entries: &[ZipEntry], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = entry.offset.unwrap_or(out.len() as u32);
        let packed = entry.packed.unwrap_or(entry.data.len() as u32);
        let header = |size: u32, name: &[u8], extra: usize| {
            let mut fields = Vec::new();
            fields.extend(20_u16.to_le_bytes());
            fields.extend(entry.flags.to_le_bytes());
            fields.extend(entry.method.to_le_bytes());
            fields.extend([0; 4]);
            fields.extend(entry.crc.to_le_bytes());
            fields.extend(packed.to_le_bytes());
            fields.extend(size.to_le_bytes());
            fields.extend((name.len() as u16).to_le_bytes());
            fields.extend((extra as u16).to_le_bytes());
            fields
        };
        let local_name = entry.local_name.as_ref().unwrap_or(&entry.name);
        out.extend(b"PK\x03\x04");
        out.extend(header(
            entry.local_size.unwrap_or(entry.size),
            local_name,
            0,
        ));
        out.extend(local_name);
        out.extend(&entry.data);
        central.extend(b"PK\x01\x02");
        central.extend([20, entry.host]);
        central.extend(header(entry.size, &entry.name, entry.central_extra.len()));
        central.extend([0; 6]);
        central.extend((entry.mode << 16).to_le_bytes());
        central.extend(offset.to_le_bytes());
        central.extend(&entry.name);
        central.extend(&entry.central_extra);
    }
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    end.extend((entries.len() as u16).to_le_bytes());
    end.extend((entries.len() as u16).to_le_bytes());
    end.extend((central.len() as u32).to_le_bytes());
    end.extend((out.len() as u32).to_le_bytes());
    end.extend([0; 2]);
    change(&mut end);
    out.extend(central);
    out.extend(end);
    out
}

/// A tar header block with a fitting checksum.
pub fn tar_header(name: &[u8], kind: u8, size: u64, link: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link);
    block[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut block);
    block
}

/// Writes the checksum.
pub fn seal(block: &mut [u8]) {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block[..512].iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

pub fn tar_entry(name: &[u8], kind: u8, content: &[u8], link: &[u8]) -> Vec<u8> {
    let mut out = tar_header(name, kind, content.len() as u64, link);
    out.extend(content);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

pub fn tar_file(name: &str, content: &[u8]) -> Vec<u8> {
    tar_entry(name.as_bytes(), b'0', content, b"")
}

pub fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let mut content = String::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while length != rest + length.to_string().len() {
            length = rest + length.to_string().len();
        }
        content.push_str(&format!("{length} {key}={value}\n"));
    }
    tar_entry(b"pax", b'x', content.as_bytes(), b"")
}

pub fn tar(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = parts.concat();
    out.extend([0; 1024]);
    out
}
