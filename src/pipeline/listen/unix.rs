//! Unix sockets.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// A bound socket; its file goes when it goes.
#[derive(Debug)]
pub(super) struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    inode: Option<u64>,
}

impl UnixSocket {
    /// Binds it. A file that a run left behind is replaced; one where somebody listens, or that is no socket, is not.
    pub(super) fn bind(path: &Path, mode: u32) -> io::Result<UnixSocket> {
        if let Ok(found) = fs::symlink_metadata(path) {
            if !found.file_type().is_socket() {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket"));
            }
            match std::os::unix::net::UnixStream::connect(path) {
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(e) => return Err(io::Error::new(e.kind(), format!("is somebody listening there? {e}"))),
                Ok(_) => return Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody is listening there")),
            }
        }
        // Bound beside it and put in place with its mode: nobody can connect before the mode says that they may.
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(format!(".{}", std::process::id()));
        let fresh = PathBuf::from(fresh);
        let _ = fs::remove_file(&fresh);
        let listener = UnixListener::bind(&fresh)?;
        let placed =
            fs::set_permissions(&fresh, fs::Permissions::from_mode(mode)).and_then(|()| fs::rename(&fresh, path));
        if let Err(e) = placed {
            let _ = fs::remove_file(&fresh);
            return Err(e);
        }
        Ok(UnixSocket { listener, path: path.to_owned(), inode: inode(path) })
    }

    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        // Unless another run has put its own there.
        if self.inode.is_some() && inode(&self.path) == self.inode {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn inode(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|found| found.ino())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn what_a_run_left_is_replaced_and_what_is_in_use_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kqltap.sock");
        // Its file stays when the standard library's listener goes.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let socket = UnixSocket::bind(&path, 0o640).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        let again = UnixSocket::bind(&path, 0o600).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AddrInUse);
        drop(socket);
        assert!(!path.exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::write(&path, "text").unwrap();
        assert!(UnixSocket::bind(&path, 0o600).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "text");
    }
}
