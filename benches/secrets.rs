//! Speed of the secrets scan beside the physical limit, in one run and on one thread.
//!
//! About 64 MB of mixed source are made by a fixed rule; the limit is one Aho-Corasick pass with
//! as many keywords over the same bytes. Figures are megabytes (10^6) per second of wall time of a
//! single thread.

use aho_corasick::AhoCorasick;
use std::{hint::black_box, time::Instant};
use vega::engine::builtin;

const FILES: usize = 2_000;
const FILE_BYTES: usize = 32_000;

fn main() {
    let files: Vec<(String, Vec<u8>)> = (0..FILES).map(file).collect();
    let bytes: usize = files.iter().map(|(_, content)| content.len()).sum();
    let megabytes = bytes as f64 / 1e6;
    let (path, content) = &files[0];
    black_box(builtin::count_secrets(path, content.clone()));

    let start = Instant::now();
    let mut found = 0;
    for (path, content) in &files {
        found += builtin::count_secrets(path, content.clone());
    }
    let scan = megabytes / start.elapsed().as_secs_f64();

    let keywords: Vec<String> = (0..110).map(|index| format!("kw{index}_prefix")).collect();
    let Ok(limit) = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(&keywords)
    else {
        return;
    };
    let start = Instant::now();
    let mut hits = 0;
    for (_, content) in &files {
        hits += limit.find_iter(content).count();
    }
    let pass = megabytes / start.elapsed().as_secs_f64();
    println!("bytes={bytes} secrets={found} limit_hits={hits}");
    println!(
        "secrets_scan mb_per_cpu_s={scan:.0} goal>=25 keyword_pass_mb_per_cpu_s={pass:.0} ratio={:.2}",
        scan / pass
    );
}

/// Source-like text: code, assignments, prose, with a credential in every tenth file.
fn file(number: usize) -> (String, Vec<u8>) {
    const LINES: &[&str] = &[
        "def handle(request, token=None):\n",
        "    password = form.get('password')  # from the form\n",
        "    if not user.check_password(password): raise PermissionError('bad password')\n",
        "    for item in items: total += item.price * item.count\n",
        "const apiKey = process.env.API_KEY; // never in the source\n",
        "    url = f\"https://{host}/v1/items/{item_id}?page={page}\"\n",
        "The quick brown fox jumps over the lazy dog while the build is running.\n",
        "    secret: ${SECRET_FROM_THE_ENVIRONMENT}\n",
        "    return json.dumps({'key': key, 'value': value}, sort_keys=True)\n",
        "  public static final int MAX_RETRIES = 5; private String name;\n",
    ];
    let mut state = number as u64 + 1;
    let mut text = String::with_capacity(FILE_BYTES + 200);
    while text.len() < FILE_BYTES {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        text.push_str(LINES[(state >> 33) as usize % LINES.len()]);
    }
    if number.is_multiple_of(10) {
        text.push_str(&format!("service_token = \"{state:016x}Zk2mWv9RtY\"\n"));
    }
    let ending = ["py", "js", "yaml", "md"][number % 4];
    (format!("src/file{number}.{ending}"), text.into_bytes())
}
