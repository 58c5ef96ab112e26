//! Object store on local files.
