//! Forms that bring a file along (RFC 7578), read as a whole: they are small.

use crate::kernel::table::decode;
use actix_web::HttpRequest;
use actix_web::http::header;

/// The boundary of a form with files; none for any other kind of body.
pub fn boundary(req: &HttpRequest) -> Option<String> {
    boundary_of(req.headers().get(header::CONTENT_TYPE)?.to_str().ok()?)
}

fn boundary_of(kind: &str) -> Option<String> {
    let mut parts = kind.split(';');
    if !parts.next()?.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parts.find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        let value = value.trim_matches('"');
        (name.eq_ignore_ascii_case("boundary") && !value.is_empty() && value.len() <= 70)
            .then(|| value.to_owned())
    })
}

/// Names and values, those of files as text. None when it is no such form, or broke off.
pub fn parse(body: &[u8], boundary: &str) -> Option<Vec<(String, String)>> {
    let parts = parts(body, boundary)?;
    Some(
        parts
            .into_iter()
            .map(|part| (part.name, decode(part.value)))
            .collect(),
    )
}

/// One field of a form, as it came.
pub struct Part<'a> {
    /// The name of the field.
    pub name: String,
    /// What the file is called that it holds; "" for a field that holds none.
    pub file_name: String,
    /// Byte for byte.
    pub value: &'a [u8],
}

/// The fields as they came. None when it is no such form, or broke off.
pub fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Part<'a>>> {
    let line = [b"\r\n--", boundary.as_bytes()].concat();
    // The first boundary has no line end before it.
    let mut rest = body.strip_prefix(line.get(2..)?)?;
    let mut pairs = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(pairs);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let end = find(rest, &line)?;
        let (part, after) = rest.split_at_checked(end)?;
        let head_end = find(part, b"\r\n\r\n")?;
        let (head, value) = part.split_at_checked(head_end)?;
        let head = std::str::from_utf8(head).ok()?;
        pairs.push(Part {
            name: said(head, "; name=\"")?,
            file_name: said(head, "; filename=\"").unwrap_or_default(),
            value: value.get(4..)?,
        });
        rest = after.get(line.len()..)?;
    }
}

/// What is looked for begins with the end of a line: between two of those nothing has to be compared.
fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += hay.get(at..)?.iter().position(|byte| *byte == b'\r')?;
        if hay.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
}

/// What the head of a part says behind these characters. Browsers write a quote in it as `%22`.
fn said(head: &str, begins: &str) -> Option<String> {
    let line = head
        .split("\r\n")
        .find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let (_, after) = line.split_once(begins)?;
    let (name, _) = after.split_once('"')?;
    Some(name.replace("%22", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_form_with_a_file_is_read() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n\xef\xbb\xbfEmail\r\nada@xyz.example\r\n\r\n--b--\r\n";
        let kind = "multipart/form-data; boundary=\"b\"";
        let pairs = parse(body, &boundary_of(kind).unwrap()).unwrap();
        assert_eq!(pairs[0], ("csrf".to_owned(), "abc".to_owned()));
        assert_eq!(
            pairs[1],
            ("file".to_owned(), "Email\r\nada@xyz.example\r\n".to_owned())
        );
        assert_eq!(parse(&body[..body.len() - 6], "b"), None);
        assert_eq!(boundary_of("application/x-www-form-urlencoded"), None);
    }

    proptest! {
        #[test]
        fn no_body_panics(body in any::<Vec<u8>>(), kind in "\\PC*") {
            let _ = boundary_of(&kind);
            let _ = parse(&body, "b");
            let _ = parse(&[b"--b\r\n".as_slice(), &body].concat(), "b");
        }
    }
}
