//! Processes under test: started on a free port of this machine, stopped by their own id.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a process may take until it listens.
const START: Duration = Duration::from_secs(30);

/// A running process; it is killed when this is dropped.
pub struct Process {
    /// The operating system's handle.
    pub child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// An address on which nothing listens now.
pub fn free_address() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map_err(|error| error.to_string())
}

impl Process {
    /// Starts a command and waits until it listens; what it prints goes to `log`.
    pub fn start(mut command: Command, address: SocketAddr, log: &Path) -> Result<Process, String> {
        let file = |_| {
            File::options()
                .create(true)
                .append(true)
                .open(log)
                .map_err(|error| format!("{}: {error}", log.display()))
        };
        command.stdin(Stdio::null()).stdout(file(())?).stderr(file(())?);
        let child = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        let mut process = Process { child, address };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Ok(Some(status)) = process.child.try_wait() {
                return Err(format!("{command:?} ended with {status}; see {}", log.display()));
            }
            if begun.elapsed() > START {
                return Err(format!("{command:?} does not listen on {address}; see {}", log.display()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(process)
    }

    /// Kills it at once (SIGKILL) and waits for its end.
    pub fn kill(&mut self) {
        // Fails only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
