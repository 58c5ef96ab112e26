//! Key is too short.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-weak-key-size",
    area: "python",
    title: "Key is too short",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-326"],
    owasp: &["A02:2021"],
    description: "An RSA or DSA key with fewer than 2048 bits, or an elliptic curve below 224 bits, is made.",
    impact: "The private key can be computed from the public one.",
    remediation: "Use RSA with 3072 bits, P-256 or Ed25519.",
    bad: r#"from cryptography.hazmat.primitives.asymmetric import rsa

key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
"#,
    good: r#"from cryptography.hazmat.primitives.asymmetric import rsa

key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
"#,
    references: &["https://cryptography.io/en/latest/hazmat/primitives/asymmetric/rsa/"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(callee) = module.callee(call) else {
            continue;
        };
        let args = module.args(call);
        let bits = match callee.as_str() {
            "cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key" => {
                args.get(1, "key_size")
            }
            "cryptography.hazmat.primitives.asymmetric.dsa.generate_private_key" => {
                args.get(0, "key_size")
            }
            "Crypto.PublicKey.RSA.generate"
            | "Cryptodome.PublicKey.RSA.generate"
            | "Crypto.PublicKey.DSA.generate"
            | "Cryptodome.PublicKey.DSA.generate" => args.get(0, "bits"),
            "rsa.newkeys" => args.get(0, "nbits"),
            "cryptography.hazmat.primitives.asymmetric.ec.SECP192R1" => {
                claims
                    .push(at(module, &RULE, call, "A curve of 192 bits is used.").at_sink(callee));
                continue;
            }
            _ => continue,
        };
        let Some(bits) = bits else { continue };
        let value = if module.tree.kind(bits) == "identifier" {
            module.value_of(bits).unwrap_or(bits)
        } else {
            bits
        };
        if let Ok(size) = module.text(value).parse::<u32>()
            && size < 2_048
        {
            claims.push(
                at(
                    module,
                    &RULE,
                    call,
                    &format!("A key of {size} bits is made."),
                )
                .at_sink(callee),
            );
        }
    }
}
