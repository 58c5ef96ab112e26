//! Why a source is refused: a closed list, shared by archives, git trees and snapshots.
//!
//! The string form stands in `details.reason` and is part of the API; each has a line in
//! `docs/design/ingest.md` (a test compares the two). Entry names shown to users are cut and
//! escaped, because they were chosen by whoever made the archive.

use crate::error::{Error, ErrorCode};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $text:literal;)+) => {
        /// Why a source was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The reason as shown in `details.reason`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

reasons! {
    /// The bytes are no container Vega reads.
    UnknownFormat = "unknown_format", "it is not a zip, tar, tar.gz, tar.zst or tar.xz archive";
    /// Nothing in it.
    Empty = "empty", "it contains no files";
    /// It ends too early.
    Truncated = "truncated", "it ends too early";
    /// A structure is damaged or contradicts itself.
    Corrupt = "corrupt", "it is damaged or contradicts itself";
    /// Bytes after the end of the archive.
    TrailingGarbage = "trailing_garbage", "there are bytes after its end";
    /// More than one gzip member.
    MultiMemberGzip = "multi_member_gzip", "it consists of several gzip members";
    /// More than one zstd frame or xz stream.
    MultipleStreams = "multiple_streams", "it consists of several compressed streams";
    /// An entry needs a password.
    Encrypted = "encrypted", "it is encrypted";
    /// A compression method other than stored and deflate.
    UnsupportedCompression = "unsupported_compression", "its compression method is not supported";
    /// A container feature Vega does not read (multi-volume, unknown entry types).
    UnsupportedFeature = "unsupported_feature", "it uses a feature that is not supported";
    /// A name without any content.
    EmptyName = "empty_name", "it has no name";
    /// A name that starts at the root of a file system.
    AbsolutePath = "absolute_path", "its path is absolute";
    /// A name that climbs up.
    PathTraversal = "path_traversal", "its path contains `..`";
    /// A name that starts with a drive letter.
    DrivePath = "drive_path", "its path starts with a drive letter";
    /// A name with a backslash.
    BackslashPath = "backslash_path", "its path contains a backslash";
    /// A name with NUL or another control character.
    ControlCharacter = "control_character", "its name contains a control character";
    /// A path or one of its segments is too long.
    NameTooLong = "name_too_long", "its path is too long";
    /// Two entries would be the same file.
    DuplicateEntry = "duplicate_entry", "another entry has the same name";
    /// A file stands where another entry needs a directory.
    PathConflict = "path_conflict", "it is a file and a directory at once";
    /// A link that leaves the archive's root.
    LinkOutsideRoot = "link_outside_root", "it links to a place outside the archive";
    /// A hard link to something that did not come before it.
    LinkTargetMissing = "link_target_missing", "it is a hard link to a file that is not there";
    /// A device, fifo or socket.
    SpecialFile = "special_file", "it is a device, fifo or socket";
    /// A file with holes.
    SparseFile = "sparse_file", "it is a sparse file";
    /// A pax or GNU extension header that is malformed or ambiguous.
    BadExtensionHeader = "bad_extension_header", "its extension header is malformed or ambiguous";
    /// More entries than allowed.
    TooManyEntries = "too_many_entries", "there are too many entries";
    /// A single file above the limit.
    FileTooLarge = "file_too_large", "the file is too large";
    /// All files together above the limit.
    TotalTooLarge = "total_too_large", "the files together are too large";
    /// Far more comes out than goes in.
    CompressionRatio = "compression_ratio", "it expands far beyond its size";
    /// Two zip entries share bytes.
    OverlappingEntries = "overlapping_entries", "entries share the same bytes";
    /// A zip's local header says something else than its directory.
    HeaderMismatch = "header_mismatch", "its local header contradicts the directory";
    /// Another number of bytes came out than was announced.
    SizeMismatch = "size_mismatch", "its size is not the announced one";
    /// The content does not fit its checksum.
    ChecksumMismatch = "checksum_mismatch", "its content does not fit its checksum";
    /// The zip is not a snapshot Vega packed.
    NotASnapshot = "not_a_snapshot", "it is not a snapshot made by Vega";
}

impl Reason {
    /// `archive_rejected` for the archive as a whole.
    pub(crate) fn error(self) -> Error {
        Error::new(
            ErrorCode::ArchiveRejected,
            format!("The archive was rejected: {}.", self.text()),
        )
        .with_detail("reason", self.as_str())
    }

    /// `archive_rejected` for which one entry is to blame.
    pub(crate) fn at(self, entry: impl AsRef<[u8]>) -> Error {
        let entry = shown(entry.as_ref());
        Error::new(
            ErrorCode::ArchiveRejected,
            format!("The archive was rejected at `{entry}`: {}.", self.text()),
        )
        .with_detail("reason", self.as_str())
        .with_detail("entry", entry)
    }
}

/// A name fit for messages and logs: control characters escaped, at most 200 characters.
fn shown(raw: &[u8]) -> String {
    const MAX_CHARS: usize = 200;
    let text = String::from_utf8_lossy(raw);
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == MAX_CHARS {
            out.push('…');
            break;
        }
        // Bidirectional controls could make a terminal show another name.
        let bidi = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || bidi {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
