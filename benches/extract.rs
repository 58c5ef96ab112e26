//! `archive::unpack` with every check against `bsdtar -x`, side by side, in interleaved rounds; and
//! a whole ingest (unpack, hash every file, pack the snapshot) against `bsdtar -x`, `sha256sum` of
//! every file and `zip -1`.
//!
//! Both run as child processes on the same 40,000-file tree (zip and tar.gz), so start-up counts
//! for both. CPU is user + system time of the child, from `/proc/self/stat` (10 ms steps); the
//! printed ratios are medians over the rounds. Run: `cargo bench --bench extract`; with
//! `-- --dir=/dev/shm` in memory, where the file system's own cost hides less.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a measuring program: any failure ends it"
)]

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use vega::workspace::{SourceLimits, archive, snapshot};

const FILES: u64 = 40_000;
const MEAN_BYTES: u64 = 5 * 1024;
const ROUNDS: usize = 5;
const INGEST_ROUNDS: usize = 3;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    if let [_, mode, archive, dest] = args.as_slice()
        && mode.starts_with("--unpack")
    {
        let limits = SourceLimits::default();
        let cancel = CancellationToken::new();
        let tree = archive::unpack(archive.as_ref(), dest.as_ref(), &limits, &cancel);
        let tree = tree.expect("the archive is fine");
        assert_eq!(tree.entries.len() as u64, FILES);
        if mode == "--unpack-and-pack" {
            let zip = Path::new(dest).join("../own.zip");
            snapshot::pack(&tree, &zip, &cancel).expect("it can be packed");
        }
        return ExitCode::SUCCESS;
    }
    let found = Command::new("bsdtar")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if !found.is_ok_and(|status| status.success()) {
        eprintln!("bsdtar is missing: apt-get install -y libarchive-tools");
        return ExitCode::FAILURE;
    }
    let place = args
        .iter()
        .find_map(|arg| arg.strip_prefix("--dir="))
        .unwrap_or(env!("CARGO_TARGET_TMPDIR"));
    let dir = tempfile::tempdir_in(place).expect("a place to work");
    let files = tree();
    let bytes: usize = files.iter().map(|(_, content)| content.len()).sum();
    println!("tree files={} bytes={bytes}", files.len());
    let (peer_at, own_at) = (dir.path().join("peer"), dir.path().join("own"));
    for (format, path) in [
        ("zip", zip(&files, &dir.path().join("tree.zip"))),
        ("tar.gz", tar_gz(&files, &dir.path().join("tree.tar.gz"))),
    ] {
        let (mut cpu, mut wall) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let peer = bsdtar(&path, &peer_at);
            let own = unpack("--unpack", &path, &own_at);
            // The first round warms the caches.
            if round > 0 {
                println!(
                    "round={round} format={format} bsdtar_cpu={:.2}s vega_cpu={:.2}s \
                     bsdtar_wall={:.2}s vega_wall={:.2}s",
                    peer.cpu, own.cpu, peer.wall, own.wall
                );
                cpu.push(own.cpu / peer.cpu);
                wall.push(own.wall / peer.wall);
            }
        }
        println!(
            "extract_vs_bsdtar format={format} ratio_cpu={:.2} ratio_wall={:.2} goal<=1.0",
            median(cpu),
            median(wall)
        );
    }
    let path = dir.path().join("tree.tar.gz");
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    for round in 0..=INGEST_ROUNDS {
        let peer = tools(&path, &peer_at);
        let own = unpack("--unpack-and-pack", &path, &own_at);
        if round > 0 {
            println!(
                "round={round} tools_cpu={:.2}s vega_cpu={:.2}s tools_wall={:.2}s vega_wall={:.2}s",
                peer.cpu, own.cpu, peer.wall, own.wall
            );
            cpu.push(own.cpu / peer.cpu);
            wall.push(own.wall / peer.wall);
        }
    }
    println!(
        "ingest_vs_bsdtar_sha256_zip1 format=tar.gz ratio_cpu={:.2} ratio_wall={:.2} goal<=1.0",
        median(cpu),
        median(wall)
    );
    ExitCode::SUCCESS
}

struct Cost {
    cpu: f64,
    wall: f64,
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn measure(mut command: Command) -> Cost {
    let (cpu, start) = (children_cpu(), Instant::now());
    assert!(command.status().expect("it starts").success());
    Cost {
        wall: start.elapsed().as_secs_f64(),
        cpu: children_cpu() - cpu,
    }
}

/// User and system time of all children waited for, in seconds (proc(5): fields 16 and 17).
fn children_cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit_once(')').expect("a name").1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap();
    ticks as f64 / 100.0
}

fn bsdtar(archive: &Path, dest: &Path) -> Cost {
    std::fs::create_dir(dest).unwrap();
    let mut command = Command::new("bsdtar");
    command.arg("-x").arg("-f").arg(archive).arg("-C").arg(dest);
    let cost = measure(command);
    std::fs::remove_dir_all(dest).unwrap();
    cost
}

/// Unpacks, hashes and packs again with the usual programs.
fn tools(archive: &Path, dest: &Path) -> Cost {
    std::fs::create_dir(dest).unwrap();
    let script = "bsdtar -x -f \"$1\" -C \"$2\" && cd \"$2\" && \
                  find . -type f -print0 | xargs -0 sha256sum >../peer.sums && \
                  rm -f ../peer.zip && zip -q -1 -r ../peer.zip .";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(archive).arg(dest);
    let cost = measure(command);
    std::fs::remove_dir_all(dest).unwrap();
    cost
}

fn unpack(mode: &str, archive: &Path, dest: &Path) -> Cost {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.arg(mode).arg(archive).arg(dest);
    let cost = measure(command);
    std::fs::remove_dir_all(dest).unwrap();
    cost
}

/// Files with the spread of sizes and the compressibility of source code; the same in every run.
fn tree() -> Vec<(String, Vec<u8>)> {
    let mut random = Random(0x5eed);
    let words: Vec<String> = (0..2000)
        .map(|_| {
            let length = 2 + random.below(9);
            (0..length)
                .map(|_| char::from(b'a' + random.below(26) as u8))
                .collect()
        })
        .collect();
    let mut files = Vec::new();
    for index in 0..FILES {
        let dir = index / 12;
        let path = format!(
            "project-1.0/src/part{}/module{dir}/file_{index}.py",
            dir % 64
        );
        // A product of two uniform numbers: many small files, a few large ones.
        let size = 4 * MEAN_BYTES * random.below(1000) * random.below(1000) / 1_000_000;
        let mut content = Vec::with_capacity(size as usize + 16);
        while (content.len() as u64) < size {
            let word = random.below(words.len() as u64) * random.below(words.len() as u64);
            content.extend_from_slice(words[(word / words.len() as u64) as usize].as_bytes());
            let glue: [&[u8]; 8] = [b" ", b" ", b" = ", b"(", b")\n    ", b".", b", ", b":\n"];
            content.extend_from_slice(glue[random.below(8) as usize]);
        }
        files.push((path, content));
    }
    files
}

struct Random(u64);

impl Random {
    /// xorshift64*, below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }
}

fn zip(files: &[(String, Vec<u8>)], path: &Path) -> PathBuf {
    let mut out = zip::ZipWriter::new(BufWriter::new(File::create(path).unwrap()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, content) in files {
        out.start_file(name.as_str(), options).unwrap();
        out.write_all(content).unwrap();
    }
    out.finish().unwrap().flush().unwrap();
    path.to_owned()
}

fn tar_gz(files: &[(String, Vec<u8>)], path: &Path) -> PathBuf {
    let file = BufWriter::new(File::create(path).unwrap());
    let gzip = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    let mut out = tar::Builder::new(gzip);
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        out.append_data(&mut header, name, content.as_slice())
            .unwrap();
    }
    out.into_inner().unwrap().finish().unwrap().flush().unwrap();
    path.to_owned()
}
