//! Speed of the secrets scan beside the physical limit, in one run and on one thread.
//!
//! Two inputs made by a fixed rule, 64 MB each: mixed source, and text in which nearly every line
//! holds a keyword. The limit is one Aho-Corasick pass with as many keywords over the same bytes.
//! Figures are megabytes (10^6) per second of the process's CPU time (user and system, getrusage's
//! clock), so that other programs on the machine do not count.

use aho_corasick::AhoCorasick;
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use vega::engine::builtin;

const FILES: usize = 2_000;
const FILE_BYTES: usize = 32_000;

/// Seconds of CPU time this process has used.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn main() {
    let mixed: Vec<(String, Vec<u8>)> = (0..FILES).map(|number| file(number, MIXED)).collect();
    let dense: Vec<(String, Vec<u8>)> = (0..FILES).map(|number| file(number, DENSE)).collect();
    let (path, content) = &mixed[0];
    black_box(builtin::count_secrets(path, content.clone()));
    let ordinary = measure("mixed", &mixed);
    let worst = measure("keywords", &dense);
    println!(
        "secrets_scan mb_per_cpu_s={:.0} goal>=25",
        ordinary.min(worst)
    );
}

/// Megabytes per CPU second of one input, printed beside the limit.
fn measure(name: &str, files: &[(String, Vec<u8>)]) -> f64 {
    let bytes: usize = files.iter().map(|(_, content)| content.len()).sum();
    let megabytes = bytes as f64 / 1e6;
    let start = cpu_seconds();
    let mut found = 0;
    for (path, content) in files {
        found += builtin::count_secrets(path, content.clone());
    }
    let scan = megabytes / (cpu_seconds() - start);

    let keywords: Vec<String> = (0..110).map(|index| format!("kw{index}_prefix")).collect();
    let Ok(limit) = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(&keywords)
    else {
        return scan;
    };
    let start = cpu_seconds();
    let mut hits = 0;
    for (_, content) in files {
        hits += limit.find_iter(content).count();
    }
    let pass = megabytes / (cpu_seconds() - start);
    println!(
        "secrets_scan_{name} bytes={bytes} secrets={found} limit_hits={hits} mb_per_cpu_s={scan:.0} keyword_pass_mb_per_cpu_s={pass:.0} ratio={:.2}",
        scan / pass
    );
    scan
}

/// Code, assignments, prose.
const MIXED: &[&str] = &[
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

/// Keywords of formats and names on nearly every line, hardly one a credential.
const DENSE: &[&str] = &[
    "password = token = secret = api_key = None  # passwd pwd access_key\n",
    "    assert client.post('/login', data={'password': password, 'token': token})\n",
    "see https://example.org/a and http://example.org/b and ftp://example.org/c\n",
    "ghp_ gho_ npm_ AKIA AIza xoxb- sk_live_ glpat- eyJ hf_ SG. dapi key- -us1\n",
    "api_token: ${API_TOKEN}; client_secret: ${CLIENT_SECRET}; db_password: ${PW}\n",
    "PASSWORD_HASHERS = ['pbkdf2_sha256']; TOKEN_TTL = 3600; SECRET_NAME = 'prod'\n",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    "twilio fastly cloudflare cf_api 8Q~ :AA .atlasv1. T3BlbkFJ /api/webhooks/\n",
];

/// A file of `lines` in an order of its own, with a credential in every tenth.
fn file(number: usize, lines: &[&str]) -> (String, Vec<u8>) {
    let mut state = number as u64 + 1;
    let mut text = String::with_capacity(FILE_BYTES + 200);
    while text.len() < FILE_BYTES {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        text.push_str(lines[(state >> 33) as usize % lines.len()]);
    }
    if number.is_multiple_of(10) {
        text.push_str(&format!("service_token = \"{state:016x}Zk2mWv9RtY\"\n"));
    }
    let ending = ["py", "js", "yaml", "md"][number % 4];
    (format!("src/file{number}.{ending}"), text.into_bytes())
}
