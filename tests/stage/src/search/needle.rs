//! The secret in every form in which it is looked for, and the scan of one run of bytes.
//!
//! Most forms are one idea: the secret's bytes as tokens (the byte itself, or two hex digits, or
//! groups of two to four bytes) with the same separator between all of them. An empty separator is
//! the plain form, a zero byte is UTF-16, `%` before hex is percent-encoding, `\u00` before hex is
//! JSON's escape, `","` is an array of strings, and so on. Base64 and escapes of only some bytes
//! are looked for as fixed strings.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem::Finder;
use zeroize::Zeroizing;

/// Shorter secrets are everywhere by chance.
const SHORTEST: usize = 6;
/// The longest separator: `", "0x` and the like.
const LONGEST_SEPARATOR: usize = 8;

static ZEROS: [u8; 4096] = [0; 4096];

fn empty(block: &[u8]) -> bool {
    ZEROS.get(..block.len()) == Some(block)
}

/// A secret to look for.
pub struct Needle {
    secret: Zeroizing<Vec<u8>>,
    rows: Vec<Row>,
    /// The bytes with which a row can begin: plain, and hex in both cases.
    firsts: [u8; 3],
    strings: Vec<Fixed>,
    longest: usize,
}

/// Tokens that stand one after the other with the same separator between them.
struct Row {
    tokens: Vec<Vec<u8>>,
    kind: Kind,
}

/// A string, and the bytes of which one must follow (none: whatever follows).
struct Fixed {
    form: &'static str,
    finder: Finder<'static>,
    next: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bytes,
    Hex,
    Groups,
}

/// A place in a run of bytes where the secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    /// In which form: `plain`, `utf-16`, `hex`, `percent`, `json-escape`, `base64`, `split`, …
    pub form: String,
    /// Bytes from the start of the run.
    pub offset: usize,
}

impl std::fmt::Debug for Needle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Needle([redacted])")
    }
}

impl Needle {
    /// A needle for `secret`; none when it is shorter than six bytes or begins with a zero byte.
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        if secret.len() < SHORTEST || secret.first() == Some(&0) {
            return None;
        }
        let mut rows = vec![
            Row { tokens: secret.iter().map(|byte| vec![*byte]).collect(), kind: Kind::Bytes },
            Row {
                tokens: secret.iter().map(|byte| hex::encode([*byte]).into_bytes()).collect(),
                kind: Kind::Hex,
            },
        ];
        for size in 2..=4 {
            let tokens = secret.chunks(size).map(<[u8]>::to_vec).collect();
            rows.push(Row { tokens, kind: Kind::Groups });
        }
        let mut strings: Vec<(&'static str, Vec<u8>, Vec<u8>)> = vec![];
        let wide: Vec<u8> = secret.iter().flat_map(|byte| [*byte, 0]).collect();
        for before in 0..3 {
            strings.extend(
                base64_at(secret, before).into_iter().map(|(text, next)| ("base64", text, next)),
            );
            let of_wide = base64_at(&wide, before);
            strings
                .extend(of_wide.into_iter().map(|(text, next)| ("base64 of utf-16", text, next)));
        }
        strings.push(("percent", percent(secret), vec![]));
        strings.push(("json-escape", json(secret), vec![]));
        // Digits need no escape: the plain form is found by its row.
        strings.retain(|(_, text, _)| text != secret);
        strings.sort();
        // Both alphabets mostly agree: one string then, with what may follow in either.
        strings.dedup_by(|gone, kept| {
            let same = (gone.0, &gone.1) == (kept.0, &kept.1);
            if same {
                kept.2.append(&mut gone.2);
            }
            same
        });
        let longest = secret.len() * (2 + LONGEST_SEPARATOR) + 16;
        let strings = strings
            .into_iter()
            .map(|(form, text, next)| Fixed { form, finder: Finder::new(&text).into_owned(), next })
            .collect();
        let plain = *secret.first()?;
        let hex = *hex::encode([plain]).as_bytes().first()?;
        let firsts = [plain, hex, hex.to_ascii_uppercase()];
        Some(Self { secret: Zeroizing::new(secret.to_vec()), rows, firsts, strings, longest })
    }

    /// No form is longer than this: two pieces of one run must overlap by as much.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Everywhere in `run` where the secret is, in whatever form.
    #[must_use]
    pub fn scan(&self, run: &[u8]) -> Vec<Find> {
        let mut finds = vec![];
        let mut from = 0;
        // Most of a process's memory was never written: no form begins in a block of zeros.
        while let Some(rest) = run.get(from..).filter(|rest| !rest.is_empty()) {
            let mut blocks = rest.chunks(ZEROS.len());
            let zeros: usize =
                blocks.clone().take_while(|block| empty(block)).map(<[u8]>::len).sum();
            let written: usize = blocks
                .by_ref()
                .skip_while(|block| empty(block))
                .take_while(|block| !empty(block))
                .map(<[u8]>::len)
                .sum();
            let begin = from + zeros;
            let end = begin + written;
            let window = run.get(begin..run.len().min(end + self.longest)).unwrap_or_default();
            self.scan_written(window, written, begin, &mut finds);
            from = end;
        }
        finds
    }

    /// Scans a window for what begins in its first `until` bytes; it lies `begin` bytes into the run.
    fn scan_written(&self, window: &[u8], until: usize, begin: usize, finds: &mut Vec<Find>) {
        let mut add = |form: String, offset: usize| {
            if offset < until {
                finds.push(Find { form, offset: begin + offset });
            }
        };
        let [plain, lower, upper] = self.firsts;
        for offset in memchr::memchr3_iter(plain, lower, upper, window) {
            let here = window.get(offset..).unwrap_or_default();
            self.rows.iter().filter_map(|row| row.at(here)).for_each(|form| add(form, offset));
        }
        for Fixed { form, finder, next } in &self.strings {
            for offset in finder.find_iter(window) {
                let after = window.get(offset + finder.needle().len());
                if next.is_empty() || after.is_some_and(|byte| next.contains(byte)) {
                    add((*form).to_owned(), offset);
                }
            }
        }
    }

    /// The secret's length in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        self.secret.len()
    }
}

impl Row {
    /// The form in which the row begins at the start of `here`, if it does.
    fn at(&self, here: &[u8]) -> Option<String> {
        let (first, rest) = self.tokens.split_first()?;
        let after_first = self.after(first, here)?;
        let second = rest.first()?;
        // Groups without a separator are the plain form, which has its own row.
        let shortest = usize::from(self.kind == Kind::Groups);
        (shortest..=LONGEST_SEPARATOR).find_map(|length| {
            let separator = after_first.get(..length)?;
            self.after(second, after_first.get(length..)?)?;
            let mut left = after_first;
            for token in rest {
                left = self.after(token, left.strip_prefix(separator)?)?;
            }
            Some(self.form(separator))
        })
    }

    /// What comes after `token` at the start of `here`, if it is there.
    fn after<'a>(&self, token: &[u8], here: &'a [u8]) -> Option<&'a [u8]> {
        let (start, rest) = here.split_at_checked(token.len())?;
        let same = match self.kind {
            Kind::Hex => start.eq_ignore_ascii_case(token),
            Kind::Bytes | Kind::Groups => start == token,
        };
        same.then_some(rest)
    }

    fn form(&self, separator: &[u8]) -> String {
        let known = match (self.kind, separator) {
            (Kind::Bytes, b"") => Some("plain"),
            (Kind::Bytes, b"\0") => Some("utf-16"),
            (Kind::Bytes, b"\0\0\0") => Some("utf-32"),
            (Kind::Hex, b"") => Some("hex"),
            (Kind::Hex, b"%") => Some("percent"),
            (Kind::Hex, b"\\u00") => Some("json-escape"),
            _ => None,
        };
        let of = if self.kind == Kind::Hex { "hex, split" } else { "split" };
        known.map_or_else(|| format!("{of} by \"{}\"", separator.escape_ascii()), str::to_owned)
    }
}

/// The characters that `secret` alone decides in the base64 of a text that has `before` (0 to 2)
/// bytes in front of it, counted in threes (RFC 4648 section 4), in both alphabets; and those that
/// may come next, when the secret decides the first bits of one more.
fn base64_at(secret: &[u8], before: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let text = [vec![0; before], secret.to_vec()].concat();
    // Six bits a character: from the first that has no bit of what is before, to the last whole one.
    let from = (before * 8).div_ceil(6);
    let to = text.len() * 8 / 6;
    let encoders: [fn(&[u8]) -> String; 2] =
        [|text| STANDARD_NO_PAD.encode(text), |text| URL_SAFE_NO_PAD.encode(text)];
    let mut found = vec![];
    for encode in encoders {
        let whole = encode(&text).into_bytes();
        // What may be behind the secret decides the other bits of the next character.
        let behind = (0..=255).filter(|_| text.len() * 8 % 6 != 0);
        let mut next: Vec<u8> = behind
            .filter_map(|byte| {
                encode(&[text.as_slice(), &[byte]].concat()).as_bytes().get(to).copied()
            })
            .collect();
        next.sort_unstable();
        next.dedup();
        found.extend(whole.get(from..to).map(|decided| (decided.to_vec(), next)));
    }
    found
}

/// All but the unreserved characters percent-encoded (RFC 3986 section 2.3).
fn percent(secret: &[u8]) -> Vec<u8> {
    secret
        .iter()
        .flat_map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => vec![*byte],
            other => format!("%{other:02X}").into_bytes(),
        })
        .collect()
}

/// The inside of a JSON string (RFC 8259 section 7).
fn json(secret: &[u8]) -> Vec<u8> {
    let text = serde_json::Value::from(String::from_utf8_lossy(secret)).to_string().into_bytes();
    text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(&text).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"48151623";

    fn forms(run: &[u8]) -> Vec<String> {
        Needle::new(SECRET).unwrap().scan(run).into_iter().map(|find| find.form).collect()
    }

    #[test]
    fn a_needle_says_nothing_of_its_secret() {
        assert_eq!(format!("{:?}", Needle::new(SECRET).unwrap()), "Needle([redacted])");
        assert!(Needle::new(b"12345").is_none(), "a short secret is everywhere by chance");
    }

    #[test]
    fn the_secret_is_found_in_every_form() {
        // Each written by hand or made with coreutils, python or jq; not with the code above.
        for (run, form) in [
            (b"code=48151623&".as_slice(), "plain"),
            (b"4\x008\x001\x005\x001\x006\x002\x003\x00", "utf-16"),
            (b"\x004\x008\x001\x005\x001\x006\x002\x003", "utf-16"),
            (b"4\x00\x00\x008\x00\x00\x001\x00\x00\x005\x00\x00\x001\x00\x00\x006\x00\x00\x002\x00\x00\x003", "utf-32"),
            (b"3438313531363233", "hex"),
            (b"%34%38%31%35%31%36%32%33", "percent"),
            (br#""\u0034\u0038\u0031\u0035\u0031\u0036\u0032\u0033""#, "json-escape"),
            // printf 48151623 | base64, then with one and two letters in front.
            (b"NDgxNTE2MjM=", "base64"),
            (b"eDQ4MTUxNjIz", "base64"),
            (b"eHg0ODE1MTYyMw==", "base64"),
            (b"{\"a\":\"eyJjb2RlIjoiNDgxNTE2MjMifQ==\"}", "base64"),
            // printf 48151623 | iconv -t UTF-16LE | base64
            (b"NAA4ADEANQAxADYAMgAzAA==", "base64 of utf-16"),
            (b"4 8 1 5 1 6 2 3", "split by \" \""),
            (br#"["4","8","1","5","1","6","2","3"]"#, r#"split by "\",\"""#),
            (br#"["4", "8", "1", "5", "1", "6", "2", "3"]"#, r#"split by "\", \"""#),
            (b"4815-1623", "split by \"-\""),
            (b"481 516 23", "split by \" \""),
            (b"34:38:31:35:31:36:32:33", "hex, split by \":\""),
            (b"0x34, 0x38, 0x31, 0x35, 0x31, 0x36, 0x32, 0x33", "hex, split by \", 0x\""),
        ] {
            // A code that begins with 3 or 4 is also its hex digits, split by the threes between.
            let found = forms(run).into_iter().filter(|form| !form.ends_with("3\""));
            assert_eq!(found.collect::<Vec<_>>(), [form], "in {}", run.escape_ascii());
        }
    }

    #[test]
    fn upper_and_lower_hex_are_found() {
        let needle = Needle::new(b"Jok\xe9+/\xff").unwrap();
        for run in [b"4a6f6be92b2fff".as_slice(), b"4A6F6BE92B2FFF"] {
            assert_eq!(needle.scan(run).len(), 1);
        }
        // A secret that needs escapes, in both alphabets of base64 (python's base64 module).
        for run in [b"Sm9r6Ssv/w==".as_slice(), b"Sm9r6Ssv_w=="] {
            assert_eq!(needle.scan(run).first().unwrap().form, "base64");
        }
        let needle = Needle::new(b"a \"b\"\n/c").unwrap();
        assert_eq!(needle.scan(br#"a \"b\"\n/c"#).first().unwrap().form, "json-escape");
        assert_eq!(needle.scan(b"a%20%22b%22%0A%2Fc").first().unwrap().form, "percent");
    }

    #[test]
    fn zeros_around_the_secret_hide_nothing() {
        for at in [0, 1, 4090, 4095, 4096, 20000, 40951] {
            let mut run = vec![0; 40960];
            run.splice(at..at + 8, SECRET.to_vec());
            let finds = Needle::new(SECRET).unwrap().scan(&run);
            assert_eq!(finds, [Find { form: "plain".into(), offset: at }]);
        }
    }

    #[test]
    fn another_secret_is_not_found() {
        for run in [b"48151624".as_slice(), b"4815162", b"4 8 1 5 1 6 2-3", b"NDgxNTE2MjQ=", b""] {
            assert_eq!(forms(run), Vec::<String>::new(), "in {}", run.escape_ascii());
        }
    }
}
