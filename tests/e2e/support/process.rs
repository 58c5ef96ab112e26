//! The binary as a child process: started clean, its output kept, ended with the test.

use super::{Client, wait_for};
use rustix::process::{Pid, Signal};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex},
    time::Instant,
};

/// `vega` with nothing in its environment but the search path.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vega"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// What a command printed that worked.
#[track_caller]
pub fn done(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Expects a refusal that says so.
#[track_caller]
pub fn refused(output: &Output, words: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains(words), "{stderr}");
}

/// Runs a command to its end with `input` on its standard input.
pub fn run_with_input(command: &mut Command, input: &str) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let written = child.stdin.take().unwrap().write_all(input.as_bytes());
    // A command that refuses before it reads has ended by then; its output says why.
    if let Err(error) = written {
        assert_eq!(error.kind(), ErrorKind::BrokenPipe, "{error}");
    }
    child.wait_with_output().unwrap()
}

type Lines = Arc<Mutex<Vec<(Instant, String)>>>;

/// A running role. Dropping it kills it; if the test failed, its output is shown.
pub struct Process {
    child: Child,
    lines: Lines,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts `command` and keeps reading what it prints.
    pub fn spawn(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = Lines::default();
        keep_reading(child.stdout.take().unwrap(), Arc::clone(&lines), "");
        keep_reading(child.stderr.take().unwrap(), Arc::clone(&lines), "stderr: ");
        Self {
            child,
            lines,
            ended: None,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything printed so far; lines of standard error begin with `stderr: `.
    pub fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap()
            .iter()
            .map(|(_, line)| line.clone())
            .collect()
    }

    /// Every log line with this message, with the moment it was read.
    pub fn logged(&self, message: &str) -> Vec<(Instant, Value)> {
        let quoted = format!("\"message\":\"{message}\"");
        let lines = self.lines.lock().unwrap();
        lines
            .iter()
            .filter(|(_, line)| line.contains(&quoted))
            .filter_map(|(at, line)| Some((*at, serde_json::from_str(line).ok()?)))
            .collect()
    }

    /// Waits for a log line with this message; fails if the process ends before.
    pub async fn line(&mut self, message: &str) -> Value {
        let what = format!("the log line '{message}'");
        wait_for(&what, async || {
            let found = self.logged(message).into_iter().next();
            if found.is_none() {
                let ended = self.child.try_wait().unwrap();
                assert!(
                    ended.is_none(),
                    "ended ({ended:?}) without the line '{message}'"
                );
            }
            found.map(|(_, line)| line)
        })
        .await
    }

    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(pid_of(self.pid()), signal).unwrap();
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if self.ended.is_none() {
            self.child.kill().unwrap();
            self.ended = Some(self.child.wait().unwrap());
        }
    }

    /// Waits for the process to end by itself.
    pub async fn exit(&mut self) -> ExitStatus {
        let status = wait_for("the end of the process", async || {
            self.child.try_wait().unwrap()
        })
        .await;
        self.ended = Some(status);
        status
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let lines = self.lines();
            let tail = lines.len().saturating_sub(80);
            eprintln!(
                "--- output of pid {}:\n{}",
                self.pid(),
                lines[tail..].join("\n")
            );
        }
    }
}

fn keep_reading(stream: impl Read + Send + 'static, lines: Lines, mark: &'static str) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            lines
                .lock()
                .unwrap()
                .push((Instant::now(), format!("{mark}{line}")));
        }
    });
}

fn pid_of(pid: u32) -> Pid {
    Pid::from_raw(pid.try_into().unwrap()).unwrap()
}

/// A running `vega serve` that has said it is ready.
pub struct Server {
    pub process: Process,
    pub address: String,
    pub ready_at: Instant,
}

impl Server {
    /// Starts `vega serve` on a free port over `data_dir`.
    pub async fn start(data_dir: &Path, settings: &[(&str, &str)]) -> Self {
        let mut serve = command(&["serve", "--port", "0", "--data-dir"]);
        serve.arg(data_dir).envs(settings.iter().copied());
        // Not the tests' folder: no `.env` of the source tree may count.
        serve.current_dir(data_dir.parent().unwrap());
        Self::of(serve).await
    }

    /// Starts a prepared command that ends in `vega serve`.
    pub async fn of(command: Command) -> Self {
        let mut process = Process::spawn(command);
        let ready = process.line("vega serve is ready").await;
        Self {
            process,
            address: ready["address"].as_str().unwrap().to_owned(),
            ready_at: Instant::now(),
        }
    }

    pub fn client(&self) -> Client {
        Client::new(&self.address)
    }

    /// SIGTERM and the wait for exit code 0.
    pub async fn stop(mut self) {
        self.process.signal(Signal::TERM);
        let status = self.process.exit().await;
        assert!(status.success(), "{status}");
    }
}

/// The living runner processes that work on `data_dir`.
pub fn runners_of(data_dir: &Path) -> Vec<u32> {
    let setting = format!("VEGA_DATA_DIR={}", data_dir.display());
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter_map(|process| {
            let pid = process.file_name().to_str()?.parse().ok()?;
            let arguments = std::fs::read(process.path().join("cmdline")).ok()?;
            let environment = std::fs::read(process.path().join("environ")).ok()?;
            let mut arguments = arguments.split(|byte| *byte == 0);
            let is_runner = arguments.nth(1) == Some(b"runner");
            let here = environment
                .split(|byte| *byte == 0)
                .any(|it| it == setting.as_bytes());
            (is_runner && here).then_some(pid)
        })
        .collect()
}

/// `kill -9` of a process that is not the test's own child. It may have ended by itself.
pub fn kill_runner(pid: u32) -> bool {
    rustix::process::kill_process(pid_of(pid), Signal::KILL).is_ok()
}

/// Waits until no runner works on `data_dir` any more; gives how long that took.
pub async fn no_runners(data_dir: &Path) -> std::time::Duration {
    let since = Instant::now();
    wait_for("the end of every runner", async || {
        runners_of(data_dir).is_empty().then_some(())
    })
    .await;
    since.elapsed()
}
