//! The links to finished reports: they hold a signature and must be asked without a token.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use url::form_urlencoded;

use crate::{answer::Answer, query::Query, seed::Random};

/// The bytes before each token and signature; they make its first characters such that must be percent-encoded.
const PREFIX: [u8; 3] = [0xfb, 0xef, 0xff];

/// A text in base64 that follows from the seed.
pub(super) fn sealed(seed: u64, purpose: &str, number: usize) -> String {
    let mut random = Random::of(seed, purpose, number);
    let parts: Vec<u8> = (0..4).flat_map(|_| random.next().to_be_bytes()).collect();
    STANDARD.encode([&PREFIX[..], &parts].concat())
}

/// The path and query of a link.
pub(super) fn link(number: usize, signature: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("signature", signature).finish();
    format!("/downloads/{number}?{query}")
}

/// Refuses a download as the store of files does, in XML.
pub(super) fn check(
    seed: u64,
    number: &str,
    authorization: Option<&str>,
    query: &Query,
) -> Result<usize, Answer> {
    if authorization.is_some() {
        return Err(refusal(400, "InvalidArgument", "Only one auth mechanism allowed"));
    }
    let number = number.parse().ok();
    let signature = query.get("signature");
    number
        .filter(|number| signature == Some(sealed(seed, "signature", *number).as_str()))
        .ok_or_else(|| refusal(403, "AccessDenied", "Request has expired"))
}

pub(super) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Answer::Xml(status, xml)
}
