use super::*;

#[test]
fn a_word_stays_what_it_is_whatever_stands_in_it() {
    let bundle = bundle("a = Let { $who } do this?\n");
    for word in ["{ $who }", "-term", "[one]", "\u{2068}x", "}", "\n* b", "דוד"] {
        let said = said(&bundle, "a", &[("who", word.into())]);
        assert_eq!(said, format!("Let {word} do this?"));
    }
}

#[test]
fn a_number_chooses_the_form_and_a_large_one_keeps_its_digits() {
    let bundle =
        bundle("a =\n    { $n ->\n        [one] One try\n       *[other] { $n } tries\n    }\n");
    let said = |n: u64| said(&bundle, "a", &[("n", n.into())]);
    assert_eq!(said(1), "One try");
    assert_eq!(said(0), "0 tries");
    assert_eq!(said(1_234_567), "1234567 tries");
    assert_eq!(said(u64::MAX), "18446744073709551615 tries");
}

#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "no sentence has the id"))]
fn an_id_that_is_missing_is_seen_in_a_test_and_shows_itself_in_a_release() {
    assert_eq!(said(&bundle("a = A\n"), "no-such", &[]), "no-such");
}

#[test]
#[cfg_attr(debug_assertions, should_panic(expected = "a: "))]
fn a_word_that_is_missing_is_seen_in_a_test() {
    let _ = said(&bundle("a = A { $b }\n"), "a", &[]);
}

#[cfg(debug_assertions)]
#[test]
fn the_pretended_language_changes_our_words_and_no_strangers() {
    let mut made = bundle("a = Let { $who } do this?\n");
    made.set_transform(Some(pseudo::accented));
    let said = said(&made, "a", &[("who", "bot".into())]);
    assert_eq!(said, "Łéť bot đó ťĥíš?");
    assert_eq!(pseudo::longer(&"x".repeat(100)).chars().count(), 140);
    assert_eq!(pseudo::longer("x"), "[!! x !!]");
}
