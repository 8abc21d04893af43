//! The formats against the texts that define them: the examples of RFC 3339 §5.8, of RFC 3986
//! §1.1.2, of HTML §4.10.5.1.5 and of JSON Schema's own test suite (`tests/*/optional/format`).

use super::super::Format;

fn hold(format: Format, right: &[&str], wrong: &[&str]) {
    for text in right {
        assert!(format.fits(text), "{text} is one");
    }
    for text in wrong {
        assert!(!format.fits(text), "{text} is none");
    }
}

#[test]
fn h7_a_date_is_one_of_rfc_3339_that_exists() {
    hold(
        Format::Date,
        &["1963-06-19", "2020-01-31", "2024-02-29", "2000-02-29", "0000-01-01"],
        &[
            "2021-02-29",
            "1900-02-29",
            "2020-02-30",
            "2020-04-31",
            "2020-13-01",
            "2020-00-10",
            "2020-01-00",
            "06/19/1963",
            "2013-350",
            "1998-1-20",
            "1998-01-1",
            "1963-06-1৪",
            "20230328",
            "2023-W01-1",
            "1963-06-19Z",
            " 1963-06-19",
            "1963-06-19-",
            "",
        ],
    );
}

#[test]
fn h7_a_date_time_is_one_of_rfc_3339_and_a_leap_second_stands_where_one_can_be() {
    hold(
        Format::DateTime,
        &[
            "1985-04-12T23:20:50.52Z",
            "1996-12-19T16:39:57-08:00",
            "1990-12-31T23:59:60Z",
            "1990-12-31T15:59:60-08:00",
            "1937-01-01T12:00:27.87+00:20",
            "1963-06-19t08:30:06.283185z",
            "1998-12-31T15:59:60.123-08:00",
            // The same leap second where the new year has begun already.
            "1999-01-01T00:59:60+01:00",
            "1972-06-30T23:59:60Z",
        ],
        &[
            "1998-12-31T23:59:61Z",
            "1998-12-31T23:58:60Z",
            "1998-12-31T22:59:60Z",
            "1998-12-30T23:59:60Z",
            "1998-12-31T23:59:60+01:00",
            "1998-12-31T24:00:00Z",
            "1990-02-31T15:59:59.123-08:00",
            "1990-12-31T15:59:59-24:00",
            "1990-12-31T15:59:59-08:60",
            "1963-06-19T08:30:06.28123+01:00Z",
            "1963-06-19T08:30:06",
            "1963-06-19 08:30:06Z",
            "1963-06-19T08:30Z",
            "1963-06-19T08:30:06.Z",
            "1963-06-19T08:30:06+0100",
            "06/19/1963 08:30:06 PST",
            "2013-350T01:01:01Z",
            "1963-6-19T08:30:06.283185Z",
            "1963-06-1৪T00:00:00Z",
            "1963-06-11T0৪:00:00Z",
            "+11963-06-19T08:30:06.283185Z",
        ],
    );
}

#[test]
fn h7_a_uri_is_one_of_rfc_3986_with_a_scheme() {
    hold(
        Format::Uri,
        &[
            "ftp://ftp.is.co.za/rfc/rfc1808.txt",
            "ldap://[2001:db8::7]/c=GB?objectClass?one",
            "mailto:John.Doe@example.com",
            "news:comp.infosystems.www.servers.unix",
            "tel:+1-816-555-1212",
            "telnet://192.0.2.16:80/",
            "urn:oasis:names:specification:docbook:dtd:xml:4.1.2",
            "http://foo.bar/?baz=qux#quux",
            "http://foo.com/blah_(wikipedia)_blah#cite-1",
            "http://foo.bar/?q=Test%20URL-encoded%20stuff",
            "http://xn--nw2a.xn--j6w193g/",
            "http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com",
            "http://[v1.a:b]/",
            "file:///etc/hosts",
            "a:",
        ],
        &[
            "//foo.bar/?baz=qux#quux",
            "/abc",
            "abc",
            "",
            "\\\\WINDOWS\\fileshare",
            "http:// shouldfail.com",
            ":// should fail",
            "bar,baz:foo",
            "1http://example.org",
            "https://[@example.org/test.txt",
            "https://[::g]/",
            "https://example.org/foobar\\.txt",
            "https://example.org/foobar<>.txt",
            "https://example.org/foobar{}.txt",
            "https://example.org/foobar^.txt",
            "https://example.org/foobar`.txt",
            "https://example.org/foo bar.txt",
            "https://example.org/foobar|.txt",
            "https://example.org/%zz",
            "https://example.org:port/",
            "https://example.org/\u{202e}gpj",
            "https://exаmple.org/",
            "https://example.org/#a#b",
            "https://example.org/\n",
        ],
    );
}

#[test]
fn h7_an_email_address_is_one_of_html() {
    hold(
        Format::Email,
        &[
            "joe.bloggs@example.com",
            "te~st@example.com",
            "~test@example.com",
            "a+b@c-d.example",
            "nobody@localhost",
        ],
        &[
            "2962",
            "joe@",
            "@example.com",
            "joe@example..com",
            "joe@-example.com",
            "joe@example-.com",
            "joe bloggs@example.com",
            "joe@bloggs@example.com",
            "Joe <joe@example.com>",
            "joe@exаmple.com",
            "joe\u{200b}@example.com",
            "joe@example.com\n",
            "joe@example.com ",
        ],
    );
}
