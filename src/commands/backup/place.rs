//! Files and folders that are there whole or not at all, and never in another one's place.

use crate::platform::private;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// What is being written: under another name in the same folder, and gone again unless it is finished.
pub struct Unfinished {
    path: PathBuf,
    is_folder: bool,
    is_done: bool,
}

impl Unfinished {
    /// Begins, unless there is something at `to`. Of a file only the name is chosen.
    pub fn beside(to: &Path, is_folder: bool) -> Result<Self, String> {
        let shown = to.display();
        if to.symlink_metadata().is_ok() {
            return Err(format!(
                "{shown} is there already, and nothing is written over. Name another one."
            ));
        }
        let name = to
            .file_name()
            .ok_or_else(|| format!("{shown} is no name for a file"))?;
        let path = to.with_file_name(format!(
            "{}.unfinished-{}",
            name.to_string_lossy(),
            std::process::id()
        ));
        if is_folder {
            let mut builder = std::fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder
                .create(&path)
                .map_err(|e| format!("cannot make the folder {shown}: {e}"))?;
        }
        Ok(Self {
            path,
            is_folder,
            is_done: false,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it where it belongs, unless something has come there meanwhile.
    pub fn finish(mut self, to: &Path) -> Result<(), String> {
        put(&self.path, to)?;
        self.is_done = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let _ = if self.is_folder {
            std::fs::remove_dir_all(&self.path)
        } else {
            std::fs::remove_file(&self.path)
        };
    }
}

/// Gives something its name, without taking the place of anything.
fn put(from: &Path, to: &Path) -> Result<(), String> {
    keep(from)?;
    rename(from, to).map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => format!(
            "{} has come to be meanwhile, and nothing is written over.",
            to.display()
        ),
        _ => format!("cannot write {}: {e}", to.display()),
    })?;
    match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => keep(folder),
        _ => keep(Path::new(".")),
    }
}

#[cfg(target_os = "linux")]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that cannot do that.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => rename_if_free(from, to),
        other => Ok(other?),
    }
}

#[cfg(not(target_os = "linux"))]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    rename_if_free(from, to)
}

fn rename_if_free(from: &Path, to: &Path) -> io::Result<()> {
    if to.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    std::fs::rename(from, to)
}

/// Waits until a file or folder is on the disk.
pub fn keep(path: &Path) -> Result<(), String> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|e| format!("{}: {e}", path.display()))
}

/// Copies a file into a new one that its owner alone may read.
pub fn copy_private(from: &Path, to: &Path) -> Result<(), String> {
    let copied = || -> io::Result<()> {
        let mut source = File::open(from)?;
        let mut target = private::writing().create_new(true).open(to)?;
        io::copy(&mut source, &mut target)?;
        target.sync_all()
    };
    copied().map_err(|e| format!("{} could not be copied to {}: {e}", from.display(), to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_takes_the_place_of_anything_and_nothing_is_left_behind() {
        let folder = std::env::temp_dir().join(format!("licentral-place-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let to = folder.join("one");
        let begun = Unfinished::beside(&to, false).unwrap();
        std::fs::write(begun.path(), "new").unwrap();
        // Somebody else is quicker.
        std::fs::write(&to, "old").unwrap();
        assert!(begun.finish(&to).unwrap_err().contains("nothing is written over"));
        assert!(Unfinished::beside(&to, true).is_err());
        drop(Unfinished::beside(&folder.join("two"), true).unwrap());
        let left: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "old");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
