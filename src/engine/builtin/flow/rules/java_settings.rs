//! Rules about Java that need no untrusted data: ciphers, hashes, random numbers, cookies.

use crate::{domain::finding::Severity, engine::builtin::rule::Rule};

/// Every rule of this file.
pub(super) static RULES: &[&Rule] = &[&HASH, &CIPHER, &RANDOM, &COOKIE];

static HASH: Rule = Rule {
    id: "java-weak-hash",
    area: "java",
    title: "Weak hash",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-328"],
    owasp: &["A02:2021"],
    description: "MD2, MD4, MD5 or SHA-1 is asked for.",
    impact: "Collisions can be made for all of them, and passwords hashed with them are guessed by the billion per second.",
    remediation: "Use SHA-256 or better for checksums and signatures, and a password hash such as Argon2 or bcrypt for passwords.",
    bad: r#"import java.security.MessageDigest;

class Shop {
    byte[] sign(byte[] text) throws Exception {
        return MessageDigest.getInstance("MD5").digest(text);
    }
}
"#,
    good: r#"import java.security.MessageDigest;

class Shop {
    byte[] sign(byte[] text) throws Exception {
        return MessageDigest.getInstance("SHA-256").digest(text);
    }
}
"#,
    references: &[
        "https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/security/MessageDigest.html",
    ],
};

static CIPHER: Rule = Rule {
    id: "java-weak-cipher",
    area: "java",
    title: "Weak cipher",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-327"],
    owasp: &["A02:2021"],
    description: "DES, triple DES, RC2, RC4, Blowfish or a cipher in ECB mode is asked for.",
    impact: "Short keys and blocks are broken in practice, and ECB shows which blocks are equal.",
    remediation: "Use AES/GCM/NoPadding with a fresh nonce for every message.",
    bad: r#"import javax.crypto.Cipher;

class Shop {
    Cipher cipher() throws Exception {
        return Cipher.getInstance("DES/CBC/PKCS5Padding");
    }
}
"#,
    good: r#"import javax.crypto.Cipher;

class Shop {
    Cipher cipher() throws Exception {
        return Cipher.getInstance("AES/GCM/NoPadding");
    }
}
"#,
    references: &[
        "https://docs.oracle.com/en/java/javase/21/docs/api/java.base/javax/crypto/Cipher.html",
    ],
};

static RANDOM: Rule = Rule {
    id: "java-insecure-random",
    area: "java",
    title: "Predictable random numbers",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-330", "CWE-338"],
    owasp: &["A02:2021"],
    description: "java.util.Random, Math.random or ThreadLocalRandom makes a number.",
    impact: "Their state can be worked out from their output, so a token or code made of it can be told in advance.",
    remediation: "Use java.security.SecureRandom for whatever nobody may guess.",
    bad: r#"import java.util.Random;

class Shop {
    String code() {
        Random random = new Random();
        return Integer.toString(random.nextInt(1000000));
    }
}
"#,
    good: r#"import java.security.SecureRandom;

class Shop {
    String code() {
        SecureRandom random = new SecureRandom();
        return Integer.toString(random.nextInt(1000000));
    }
}
"#,
    references: &[
        "https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/security/SecureRandom.html",
    ],
};

static COOKIE: Rule = Rule {
    id: "java-insecure-cookie",
    area: "java",
    title: "Cookie without Secure",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-614"],
    owasp: &["A05:2021"],
    description: "A cookie is sent that browsers will also send over unencrypted connections.",
    impact: "Whoever listens on the way reads it and takes over the session.",
    remediation: "Call setSecure(true), and setHttpOnly(true) unless scripts must read it.",
    bad: r#"import javax.servlet.http.*;

class Shop {
    void remember(HttpServletResponse response) {
        Cookie cookie = new Cookie("theme", "dark");
        response.addCookie(cookie);
    }
}
"#,
    good: r#"import javax.servlet.http.*;

class Shop {
    void remember(HttpServletResponse response) {
        Cookie cookie = new Cookie("theme", "dark");
        cookie.setSecure(true);
        cookie.setHttpOnly(true);
        response.addCookie(cookie);
    }
}
"#,
    references: &[
        "https://jakarta.ee/specifications/servlet/6.0/apidocs/jakarta.servlet/jakarta/servlet/http/cookie",
    ],
};
