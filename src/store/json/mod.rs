//! Metadata store on journalled JSON files.
