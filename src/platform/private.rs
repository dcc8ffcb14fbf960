//! Files that hold secrets or other people's letters.

use std::fs::OpenOptions;

/// How a file is opened for writing that, when it is new, nobody but its owner may read.
pub fn writing() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
