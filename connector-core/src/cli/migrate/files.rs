//! Writes the files of `migrate`: each appears whole or not at all, what was there before is kept, and nothing is written
//! unless all of it can be.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::File;
use crate::failure::Failure;

/// What became of a file.
#[derive(Debug, PartialEq)]
pub(super) enum Done {
    LeftAlone,
    Written(PathBuf),
    Replaced { backup: PathBuf },
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftAlone => write!(f, "Left alone."),
            Self::Written(path) => write!(f, "Written: {}", path.display()),
            Self::Replaced { backup } => write!(f, "Replaced; as it was: {}", backup.display()),
        }
    }
}

/// Replaces the files that change, and keeps each as it was in a file beside it.
///
/// # Errors
/// When one cannot be replaced; the message says which are.
pub(super) fn replace(files: &[File]) -> Result<Vec<Done>, Failure> {
    let prepared: Vec<_> = files
        .iter()
        .map(|file| file.changes.then(|| Replacement::prepare(file)).transpose())
        .collect::<Result<_, _>>()?;
    let changing = files.iter().filter(|file| file.changes).map(|file| file.path.as_path());
    let mut progress = Progress::new(changing);
    prepared
        .into_iter()
        .map(|prepared| match prepared {
            None => Ok(Done::LeftAlone),
            Some(replacement) => {
                let backup =
                    replacement.persist().map_err(|(path, error)| progress.stopped(&path, &error))?;
                progress.next();
                Ok(Done::Replaced { backup })
            }
        })
        .collect()
}

/// Writes the files to a folder, which is made if it is missing.
///
/// # Errors
/// When one of them is there already, or cannot be written.
pub(super) fn write_to(folder: &Path, files: &[File]) -> Result<Vec<Done>, Failure> {
    let targets = targets(folder, files)?;
    let made = Folder::make(folder).map_err(|error| cannot_write(folder, &error))?;
    let prepared: Vec<_> = files
        .iter()
        .map(|file| {
            copy_of(file, &file.path, folder, file.now.as_bytes())
                .map_err(|error| cannot_write(folder, &error))
        })
        .collect::<Result<_, _>>()?;
    made.stays();
    let mut progress = Progress::new(targets.iter().map(PathBuf::as_path));
    for (prepared, target) in prepared.into_iter().zip(&targets) {
        prepared.persist_noclobber(target).map_err(|error| progress.stopped(target, &error.error))?;
        progress.next();
    }
    Ok(targets.into_iter().map(Done::Written).collect())
}

/// Where each file is to be written; refuses what is there already.
fn targets(folder: &Path, files: &[File]) -> Result<Vec<PathBuf>, Failure> {
    let mut targets: Vec<PathBuf> = Vec::new();
    for file in files {
        let name = file.path.file_name();
        let name = name.ok_or_else(|| Failure::config(format!("{} is no file", file.path.display())))?;
        let target = folder.join(name);
        if targets.contains(&target) {
            return Err(Failure::config(format!("two of the files are called {}", name.display())));
        }
        if fs::symlink_metadata(&target).is_ok() {
            return Err(Failure::config(format!(
                "{} is there already: take it away, or name another folder",
                target.display()
            )));
        }
        targets.push(target);
    }
    Ok(targets)
}

/// A folder that goes again unless something is to be written there.
struct Folder {
    /// The folders that were made, the innermost first.
    made: Vec<PathBuf>,
}

impl Folder {
    fn make(folder: &Path) -> io::Result<Self> {
        let missing =
            folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let made = Self { made: missing.map(Path::to_owned).collect() };
        fs::create_dir_all(folder)?;
        Ok(made)
    }

    fn stays(mut self) {
        self.made.clear();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for folder in &self.made {
            // Only empty ones go.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// A file that will take another's place, and the other's content that will stand beside it.
struct Replacement<'a> {
    target: PathBuf,
    /// What was read of it.
    before: &'a [u8],
    backup: NamedTempFile,
    now: NamedTempFile,
}

impl<'a> Replacement<'a> {
    fn prepare(file: &'a File) -> Result<Self, Failure> {
        let prepared = || {
            let target = behind_links(&file.path)?;
            let folder = folder_of(&target);
            let backup = copy_of(file, &target, folder, &file.before)?;
            let now = copy_of(file, &target, folder, file.now.as_bytes())?;
            Ok(Self { backup, now, target, before: &file.before })
        };
        prepared().map_err(|error| cannot_write(&file.path, &error))
    }

    /// Says where the backup is, or which file could not be written.
    fn persist(self) -> Result<PathBuf, (PathBuf, io::Error)> {
        let Self { target, before, backup, now } = self;
        // What a sync has stored meanwhile, perhaps a token that is given once only, would be lost.
        match fs::read(&target) {
            Ok(content) if content == before => {}
            Ok(_) => return Err((target, io::Error::other("it was changed since it was read; try again"))),
            Err(error) => return Err((target, error)),
        }
        let kept = persist_beside(backup, &target).map_err(|error| (backup_of(&target, 0), error))?;
        match now.persist(&target) {
            Ok(_) => Ok(kept),
            Err(error) => {
                // Nothing was replaced, so there is nothing to keep.
                let _ = fs::remove_file(&kept);
                Err((target, error.error))
            }
        }
    }
}

/// Gives a backup the first name that is free.
fn persist_beside(mut backup: NamedTempFile, target: &Path) -> io::Result<PathBuf> {
    for number in 0.. {
        let path = backup_of(target, number);
        match backup.persist_noclobber(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => backup = error.file,
            Err(error) => return Err(error.error),
        }
    }
    Err(io::Error::other("there are too many backups"))
}

/// `state.json.bak`, then `state.json.bak.1` and so on.
fn backup_of(target: &Path, number: u32) -> PathBuf {
    let mut name = target.file_name().map(OsString::from).unwrap_or_default();
    name.push(".bak");
    if number > 0 {
        name.push(format!(".{number}"));
    }
    target.with_file_name(name)
}

/// The file itself, where a path leads there over links.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let is_link = fs::symlink_metadata(path)?.is_symlink();
    let target = if is_link { fs::canonicalize(path)? } else { path.to_owned() };
    if fs::metadata(&target)?.is_file() {
        Ok(target)
    } else {
        Err(io::Error::other("it is no regular file; --to writes to a folder instead"))
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file of this content that waits in a folder to get its name. Only its owner may read one with secrets; another has the
/// permissions of the original.
fn copy_of(file: &File, original: &Path, folder: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    let original = fs::metadata(original)?;
    let mut copy = tempfile::Builder::new().prefix(".migrate-").tempfile_in(folder)?;
    copy.write_all(content)?;
    give_to_owner(&copy, &original);
    if !file.secret {
        copy.as_file().set_permissions(original.permissions())?;
    }
    copy.as_file().sync_all()?;
    Ok(copy)
}

/// Whoever may give files away, such as root, leaves them to whom they belong.
#[cfg(unix)]
fn give_to_owner(copy: &NamedTempFile, original: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    // Others own what they write: there is nothing to do.
    let _ = fchown(copy.as_file(), Some(original.uid()), Some(original.gid()));
}

#[cfg(not(unix))]
fn give_to_owner(_: &NamedTempFile, _: &Metadata) {}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::config(format!("{} cannot be written: {error}; nothing was written", path.display()))
}

/// Which files are written and which are not.
struct Progress<'a> {
    files: Vec<&'a Path>,
    written: usize,
}

impl<'a> Progress<'a> {
    fn new(files: impl Iterator<Item = &'a Path>) -> Self {
        Self { files: files.collect(), written: 0 }
    }

    fn next(&mut self) {
        self.written += 1;
    }

    fn stopped(&self, path: &Path, error: &io::Error) -> Failure {
        let (written, rest) = self.files.split_at(self.written);
        let names = |files: &[&Path]| {
            let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
            if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
        };
        Failure::config(format!(
            "{} cannot be written: {error}; written: {}; not written: {}",
            path.display(),
            names(written),
            names(rest)
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::migrate::Section;

    fn file(path: PathBuf) -> File {
        let (before, now) = (json!({"a": 1}).to_string(), json!({"a": 2}).to_string());
        fs::write(&path, &before).unwrap();
        let (before, section) = (before.into_bytes(), Section::new(["a"]));
        File { what: "state", path, before, now, changes: true, section, secret: false }
    }

    #[test]
    fn what_was_changed_since_it_was_read_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path().join("state.json"));
        let replacement = Replacement::prepare(&file).unwrap();
        fs::write(&file.path, "rotated").unwrap();
        let (path, error) = replacement.persist().unwrap_err();
        assert_eq!((&path, fs::read_to_string(&file.path).unwrap().as_str()), (&file.path, "rotated"));
        assert!(error.to_string().contains("changed since it was read"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_told_and_leaves_no_backup() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second, third] = ["1", "2", "3"].map(|name| folder.path().join(name));
        let file = file(second.clone());
        let replacement = Replacement::prepare(&file).unwrap();
        // Between the two somebody makes a folder of it.
        fs::remove_file(&second).unwrap();
        fs::create_dir(&second).unwrap();
        let (path, error) = replacement.persist().unwrap_err();
        assert_eq!(path, second);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        let mut progress = Progress::new([&*first, &*second, &*third].into_iter());
        progress.next();
        let told = progress.stopped(&path, &error).to_string();
        let expected =
            format!("; written: {}; not written: {}, {}", first.display(), second.display(), third.display());
        assert!(told.starts_with(&format!("{} cannot be written: ", second.display())), "{told}");
        assert!(told.ends_with(&expected), "{told}");
    }

    #[test]
    fn a_folder_that_was_made_in_vain_goes_again() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        drop(Folder::make(&inner).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        Folder::make(&inner).unwrap().stays();
        assert!(inner.is_dir());
    }
}
