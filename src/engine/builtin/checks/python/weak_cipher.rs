//! Ciphers and modes that are broken.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-weak-cipher",
    area: "python",
    title: "Broken cipher or mode",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-327"],
    owasp: &["A02:2021"],
    description: "DES, RC2, RC4 or Blowfish is used, or a block cipher in ECB mode.",
    impact: "Short keys and blocks can be searched or collide; ECB shows which blocks are equal.",
    remediation: "Use an authenticated mode of a current cipher: AES-GCM or ChaCha20-Poly1305.",
    bad: r#"from Crypto.Cipher import AES

def seal(key, data):
    return AES.new(key, AES.MODE_ECB).encrypt(data)
"#,
    good: r#"from Crypto.Cipher import AES

def seal(key, data):
    return AES.new(key, AES.MODE_GCM).encrypt_and_digest(data)
"#,
    references: &["https://www.pycryptodome.org/src/cipher/classic"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        let Some(what) = weakness(&callee) else {
            let ecb = callee.ends_with(".AES.new") && callee.starts_with("Crypto") && {
                let args = module.args(call);
                args.get(1, "mode")
                    .and_then(|mode| module.qualified(mode))
                    .is_some_and(|mode| mode.ends_with("MODE_ECB"))
            };
            if ecb {
                push(module, call, &callee, "AES in ECB mode", claims);
            }
            continue;
        };
        push(module, call, &callee, what, claims);
    }
}

fn weakness(callee: &str) -> Option<&'static str> {
    if let Some(name) = callee
        .strip_prefix("Crypto.Cipher.")
        .or_else(|| callee.strip_prefix("Cryptodome.Cipher."))
    {
        return match name {
            "DES.new" => Some("DES"),
            "ARC2.new" => Some("RC2"),
            "ARC4.new" => Some("RC4"),
            "Blowfish.new" => Some("Blowfish"),
            _ => None,
        };
    }
    if !callee.starts_with("cryptography.hazmat.") {
        return None;
    }
    match callee.rsplit('.').next()? {
        "ARC4" => Some("RC4"),
        "Blowfish" => Some("Blowfish"),
        "IDEA" => Some("IDEA"),
        "ECB" => Some("ECB mode"),
        _ => None,
    }
}

fn push(module: &Module<'_>, call: u32, callee: &str, what: &str, claims: &mut Vec<Claim>) {
    claims.push(
        Claim::new(&RULE, module.span(call), format!("{what} is used."))
            .in_symbol(module.symbol(call))
            .at_sink(callee),
    );
}
