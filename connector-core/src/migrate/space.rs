//! Compares texts of JSON that may be too large for trees of values.

/// Whether two texts differ in nothing but the white space between values.
pub(crate) fn is_all_that_differs(one: &[u8], other: &[u8]) -> bool {
    without_space(one).eq(without_space(other))
}

fn without_space(text: &[u8]) -> impl Iterator<Item = u8> {
    let (mut in_text, mut is_escaped) = (false, false);
    text.iter().copied().filter(move |byte| {
        let is_space = !in_text && byte.is_ascii_whitespace();
        match byte {
            b'"' if !is_escaped => in_text = !in_text,
            _ => {}
        }
        is_escaped = in_text && *byte == b'\\' && !is_escaped;
        !is_space
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_counts_within_texts_alone() {
        let text = r#"{"a b": ["\\", "\" c", 1]}"#;
        for (other, same) in [
            (r#"{"a b":["\\","\" c",1]}"#, true),
            ("{\n\t\"a b\": [ \"\\\\\", \"\\\" c\", 1 ] }\r\n", true),
            (r#"{"ab": ["\\", "\" c", 1]}"#, false),
            (r#"{"a b": ["\\", "\"c", 1]}"#, false),
            (r#"{"a b": ["\\", "\" c", 12]}"#, false),
        ] {
            assert_eq!(is_all_that_differs(text.as_bytes(), other.as_bytes()), same, "{other}");
        }
    }
}
