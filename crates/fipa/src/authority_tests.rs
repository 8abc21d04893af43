//! What is taken for a certificate authority, and what refuses the whole text.

use placet_core::request::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

use super::*;

/// 2026-11-18.
const NOW: Timestamp = Timestamp(1_795_000_000_000);

fn made(change: impl FnOnce(&mut CertificateParams)) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Harbor Root");
    params.not_before = date_time_ymd(2026, 1, 2);
    params.not_after = date_time_ymd(2036, 3, 4);
    change(&mut params);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap().pem()
}

#[test]
fn an_authority_is_read_with_its_name_its_hash_and_its_dates() {
    let pem = made(|_| {});
    let read = authorities(&pem, NOW).unwrap();
    assert_eq!(read.len(), 1);
    assert!(read[0].subject.contains("CN=Harbor Root"), "{}", read[0].subject);
    assert_eq!(
        (read[0].not_before.day(), read[0].not_after.day()),
        ("2026-01-02".to_owned(), "2036-03-04".to_owned())
    );
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert_eq!(read[0].certificate, text);
    let plain = read[0].sha256.replace(':', "").to_ascii_lowercase();
    let der = STANDARD.decode(text).unwrap();
    assert_eq!(format!("sha256:{plain}"), Digest::of_bytes(&der).as_str());
    assert_eq!(read[0].sha256.len(), 32 * 3 - 1);
}

#[test]
fn several_are_read_in_order_with_any_ends_of_lines() {
    let (one, two) = (made(|_| {}), made(|_| {}));
    let both = format!("\r\n{}\r\n\r\n{two}\n\n", one.trim_end().replace('\n', "\r\n"));
    let read = authorities(&both, NOW).unwrap();
    assert_eq!(read[0], authorities(&one, NOW).unwrap()[0]);
    assert_eq!(read[1], authorities(&two, NOW).unwrap()[0]);
}

#[test]
fn what_is_not_exactly_certificates_of_authorities_is_refused_whole() {
    let good = made(|_| {});
    let key = KeyPair::generate().unwrap().serialize_pem();
    let leaf = made(|params| params.is_ca = IsCa::NoCa);
    let said_no = made(|params| params.is_ca = IsCa::ExplicitNoCa);
    let signs_nothing = made(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    let old = made(|params| params.not_after = date_time_ymd(2026, 11, 17));
    let young = made(|params| params.not_before = date_time_ymd(2026, 11, 19));
    let nameless = made(|params| params.distinguished_name = rcgen::DistinguishedName::new());
    let many: String = (0..5).map(|_| made(|_| {})).collect();
    let body: String = good.lines().filter(|line| !line.starts_with('-')).collect();
    let trailing = {
        let mut der = STANDARD.decode(&body).unwrap();
        der.push(0);
        format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(der))
    };
    for (bad, why) in [
        (String::new(), "no certificate"),
        ("\n\n".into(), "no certificate"),
        ("not a certificate".into(), "something else"),
        (format!("# Harbor\n{good}"), "something else"),
        (format!("{good}{key}"), "something else"),
        (format!("{key}{good}"), "something else"),
        (good.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), "something else"),
        (format!("{BEGIN}\n{good}"), "something else"),
        (format!("{BEGIN}\n{body}"), "ends in the middle"),
        (format!("{BEGIN}\nAAAA\n{END}\n"), "broken"),
        (format!("{BEGIN}\n!\n{END}\n"), "broken"),
        (format!("{BEGIN}\n{END}\n"), "broken"),
        (trailing, "broken"),
        (leaf, "not of a certificate authority"),
        (said_no, "not of a certificate authority"),
        (signs_nothing, "not of a certificate authority"),
        (old, "not valid today"),
        (young, "not valid today"),
        (nameless, "without a name"),
        (format!("{good}{good}"), "twice"),
        (many, "more than 4"),
    ] {
        let refused = authorities(&bad, NOW).unwrap_err();
        assert!(refused.contains(why), "{refused}, not {why}: {bad}");
    }
}

#[test]
fn s10_a_certificate_with_any_byte_changed_is_read_or_refused_and_is_never_another_than_shown() {
    let good = made(|_| {});
    let body: String = good.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    for at in (0..der.len()).step_by(3) {
        let mut changed = der.clone();
        changed[at] ^= 0x81;
        let pem = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(&changed));
        if let Ok(read) = authorities(&pem, NOW) {
            assert_eq!(super::der(&read[0]).as_deref(), Some(changed.as_slice()));
            let hash = read[0].sha256.replace(':', "").to_ascii_lowercase();
            assert_eq!(format!("sha256:{hash}"), Digest::of_bytes(&changed).as_str());
        }
    }
}
