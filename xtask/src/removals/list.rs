//! The form of the lists: see `tests/removals/README.md`.

/// One guard and the test that watches it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Removal {
    /// A sentence: what is true because of the guard.
    pub(crate) name: String,
    /// The requirement's number.
    pub(crate) requirement: String,
    /// The guard's file, from the root of the project.
    pub(crate) file: String,
    /// The package, the target (`lib`, `bin:NAME`, `test:NAME`) and the full name of the test.
    pub(crate) test: (String, String, String),
    /// Packages whose programs the test starts.
    pub(crate) programs: Vec<String>,
    /// The guard, exactly once in the file.
    pub(crate) find: String,
    /// What stands there without it.
    pub(crate) replace: String,
}

impl Removal {
    /// For people, and for choosing on the command line.
    pub(crate) fn label(&self) -> String {
        format!("{} {} [{}]", self.requirement, self.name, self.file)
    }
}

/// Reads a list.
///
/// # Errors
/// A sentence with the line number.
pub(crate) fn parse(text: &str) -> Result<Vec<Removal>, String> {
    let mut list: Vec<Removal> = Vec::new();
    let mut into_replace = false;
    for (number, line) in text.lines().enumerate() {
        let wrong = |why: &str| Err(format!("line {}: {why}", number + 1));
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix("removal ") {
            list.push(Removal { name: name.to_owned(), ..Removal::default() });
            into_replace = false;
            continue;
        }
        let Some(removal) = list.last_mut() else {
            return wrong("a list begins with `removal`");
        };
        if let Some(code) = line.strip_prefix('|') {
            let block = if into_replace { &mut removal.replace } else { &mut removal.find };
            block.push_str(code);
            block.push('\n');
            continue;
        }
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        match (key, value) {
            ("requirement", value) => removal.requirement = value.to_owned(),
            ("file", value) => removal.file = value.to_owned(),
            ("programs", value) => {
                removal.programs = value.split_whitespace().map(str::to_owned).collect();
            }
            ("test", value) => {
                let mut words = value.split_whitespace().map(str::to_owned);
                match (words.next(), words.next(), words.next(), words.next()) {
                    (Some(package), Some(target), Some(test), None) => {
                        removal.test = (package, target, test);
                    }
                    _ => return wrong("`test` takes a package, a target and a test"),
                }
            }
            ("find", "") => into_replace = false,
            ("replace", "") => into_replace = true,
            _ => return wrong("this is no part of a removal"),
        }
    }
    match list.iter().find(|removal| {
        removal.file.is_empty()
            || removal.find.is_empty()
            || removal.requirement.is_empty()
            || removal.test.0.is_empty()
    }) {
        Some(removal) => Err(format!("`{}` is not complete", removal.name)),
        None => Ok(list),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# a list\nremoval it holds\nrequirement S1\nfile a/b.rs\n\
                        test placet-core lib m::tests::s1_it_holds\nprograms placet-cli x\n\
                        find\n|    if x {\n|    }\nreplace\n|    let _ = x;\n";

    #[test]
    fn a_list_keeps_the_code_as_it_is() {
        let list = parse(GOOD).unwrap();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].find, "    if x {\n    }\n");
        assert_eq!(list[0].replace, "    let _ = x;\n");
        assert_eq!(list[0].programs, ["placet-cli", "x"]);
        assert_eq!(list[0].test.2, "m::tests::s1_it_holds");
    }

    #[test]
    fn what_is_not_complete_is_refused() {
        for gone in ["requirement S1\n", "file a/b.rs\n", "|    if x {\n|    }\n"] {
            assert!(parse(&GOOD.replace(gone, "")).is_err(), "{gone}");
        }
        assert!(parse("file x\n").is_err());
        assert!(parse("removal x\nunknown y\n").is_err());
        assert!(parse("removal x\ntest one two\n").is_err());
    }
}
