//! Places that take nothing: file systems made for a test, which only the superuser may do.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system, unmounted with this value.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    /// A file system in memory of that many MiB. `None`, said loudly, where mounting is not allowed; in CI that
    /// is a failure.
    pub(crate) fn tmpfs(at: &Path, mebibytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={mebibytes}m");
        Self::mount(at, ["-t", "tmpfs", "-o", &size, "tmpfs"].map(OsStr::new))
    }

    /// A folder seen where it is, but read-only.
    pub(crate) fn read_only(folder: &Path) -> Option<Self> {
        let mounted = Self::mount(folder, [OsStr::new("--bind"), folder.as_os_str()])?;
        let remounted = Command::new("mount").args(["-o", "remount,bind,ro"]).arg(folder).status().unwrap();
        assert!(remounted.success());
        Some(mounted)
    }

    fn mount<const N: usize>(at: &Path, arguments: [&OsStr; N]) -> Option<Self> {
        match Command::new("mount").args(arguments).arg(at).output() {
            Ok(done) if done.status.success() => Some(Self(at.to_owned())),
            outcome => {
                assert!(std::env::var_os("CI").is_none(), "nothing can be mounted here: {outcome:?}");
                println!("SKIPPED: nothing can be mounted here, which this test needs: {outcome:?}");
                None
            }
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a process of a failed test may still be in it.
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(std::thread::panicking() || unmounted.is_ok_and(|status| status.success()));
    }
}
