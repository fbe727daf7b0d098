//! The servers under test: one on the embedded database, or two on one PostgreSQL, killed at random moments and started again.

use crate::process::{Process, free_address};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How they are run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Folder of the embedded database and of the logs.
    pub folder: PathBuf,
    /// PostgreSQL, if any.
    pub database: Option<String>,
    /// Another program than the server that is built in here.
    pub server: Option<PathBuf>,
    /// How many nodes.
    pub nodes: usize,
}

impl Setup {
    fn cenacle(&self) -> Result<Command, String> {
        let mut command = match &self.server {
            Some(path) => Command::new(path),
            None => {
                let mut own = Command::new(std::env::current_exe().map_err(|error| error.to_string())?);
                own.arg("cenacle");
                own
            }
        };
        command.env_remove("RUST_LOG").env("CENACLE_LOG", "warn");
        Ok(command)
    }

    fn database(&self, command: &mut Command) {
        command.arg("--data").arg(&self.folder);
        if let Some(url) = &self.database {
            command.arg("--database-url").arg(url);
        }
    }

    /// Makes an account and tells an application password of it: those are checked at no cost, also by a new process.
    pub fn account(&self, login: &str) -> Result<String, String> {
        use std::io::Write;
        let mut add = self.cenacle()?;
        add.args(["user", "add", login, "--password-stdin"]);
        self.database(&mut add);
        let mut child = add
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{add:?}: {error}"))?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(b"correct horse battery").map_err(|error| error.to_string())?;
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("'user add {login}' ended with {status}"));
        }
        let mut password = self.cenacle()?;
        password.args(["user", "app-password", login, "--name", "history"]);
        self.database(&mut password);
        let output =
            password.stderr(Stdio::null()).output().map_err(|error| format!("{password:?}: {error}"))?;
        let secret = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() && !secret.is_empty() {
            Ok(secret)
        } else {
            Err("no application password".into())
        }
    }

    /// Addresses for all nodes, each kept over its restarts.
    pub fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        (0..self.nodes).map(|_| free_address()).collect()
    }

    fn start(&self, address: SocketAddr) -> Result<Process, String> {
        let mut command = self.cenacle()?;
        command.args(["serve", "--listen", &address.to_string()]);
        self.database(&mut command);
        Process::start(command, address, &self.log())
    }

    /// What the servers print.
    pub fn log(&self) -> PathBuf {
        Path::new(&self.folder).join("server.log")
    }
}

/// Small random numbers from a seed that is printed, so that a run's choices can be repeated.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// A series of its own for each seed and lane.
    pub fn new(seed: u64, lane: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ lane.wrapping_mul(0xd1b5_4a32_d192_ed03) | 1)
    }

    /// Below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound.max(1)
    }

    /// True once in `of`.
    pub fn once_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }
}

/// What kills and restarts; runs in a thread of its own.
pub struct Killer {
    thread: std::thread::JoinHandle<Result<Vec<Process>, String>>,
    stop: Arc<AtomicBool>,
    armed: Arc<AtomicBool>,
    resting: Arc<AtomicBool>,
    /// Kills so far.
    pub kills: Arc<AtomicU64>,
}

impl Killer {
    /// Starts all nodes, and the thread that, once armed, kills one every `pause` milliseconds or so; never if that is 0.
    pub fn start(
        setup: &Setup,
        addresses: &[SocketAddr],
        pause: u64,
        mut dice: Dice,
    ) -> Result<Self, String> {
        let mut nodes: Vec<Process> =
            addresses.iter().map(|address| setup.start(*address)).collect::<Result<_, _>>()?;
        let (stop, armed, kills) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let resting = Arc::new(AtomicBool::new(true));
        let (setup, stopped, may, rests, count) =
            (setup.clone(), Arc::clone(&stop), Arc::clone(&armed), Arc::clone(&resting), Arc::clone(&kills));
        let thread = std::thread::spawn(move || {
            let mut next = pause / 2 + dice.below(pause.max(1));
            while !stopped.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(1));
                if pause == 0 || !may.load(Ordering::SeqCst) {
                    rests.store(true, Ordering::SeqCst);
                    continue;
                }
                next = next.saturating_sub(1);
                if next > 0 {
                    continue;
                }
                let at = dice.below(nodes.len() as u64) as usize;
                if let Some(node) = nodes.get_mut(at) {
                    let address = node.address;
                    node.kill();
                    count.fetch_add(1, Ordering::Relaxed);
                    *node = setup.start(address)?;
                }
                next = pause / 2 + dice.below(pause);
            }
            Ok(nodes)
        });
        Ok(Killer { thread, stop, armed, resting, kills })
    }

    /// Begins the killing.
    pub fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// Interrupts the killing; comes back when all nodes run.
    pub async fn disarm(&self) {
        self.armed.store(false, Ordering::SeqCst);
        self.resting.store(false, Ordering::SeqCst);
        while !self.resting.load(Ordering::SeqCst) && !self.thread.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// No more kills; the nodes, all running.
    pub fn stop(self) -> Result<Vec<Process>, String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the killing thread panicked".to_owned())?
    }
}
