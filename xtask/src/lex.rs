//! Just enough of Rust's lexical grammar to tell code from comments, literals and tests.
//!
//! Every function keeps the line structure of its input, so that a position is still a place
//! in the file.

use std::iter::Peekable;
use std::str::Chars;

/// A function's name, the line of its `fn`, and its length from there to its closing brace.
#[derive(Debug, PartialEq)]
pub(crate) struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// `text` with comments and the insides of string and character literals as spaces.
pub(crate) fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        out.push(c);
        match c {
            '/' if rest.peek() == Some(&'/') => line_comment(&mut rest, &mut out),
            '/' if rest.peek() == Some(&'*') => block_comment(&mut rest, &mut out),
            '"' => string(&mut rest, &mut out),
            'r' if !is_word(before) || before == 'b' => raw_string(&mut rest, &mut out),
            '\'' => character(&mut rest, &mut out),
            _ => {}
        }
        before = c;
    }
    out
}

/// `code` (of [`blank`]) with everything under `#[cfg(test)]` as spaces.
pub(crate) fn without_tests(code: &str) -> String {
    let mut out = code.to_string();
    let mut from = 0;
    while let Some(at) = out[from..].find(CFG_TEST).map(|at| at + from) {
        let end = item_end(&out, at + CFG_TEST.len());
        let gone: String = out[at..end].chars().map(spaced).collect();
        out.replace_range(at..end, &gone);
        from = at + gone.len();
    }
    out
}

/// The names in `#[cfg(test)] mod name;`: modules of tests in their own files.
pub(crate) fn test_modules(code: &str) -> Vec<String> {
    code.match_indices(CFG_TEST)
        .filter_map(|(at, _)| {
            let item = &code[at + CFG_TEST.len()..item_end(code, at + CFG_TEST.len())];
            let name = item.trim().strip_prefix("mod ")?.strip_suffix(';')?;
            Some(name.trim().to_string())
        })
        .collect()
}

/// Every function with a body.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, word) in words(code) {
        if word != "fn" {
            continue;
        }
        let after = &code[at + 2..];
        let name: String = after.trim_start().chars().take_while(|c| is_word(*c)).collect();
        let end = item_end(code, at + 2);
        // No name: a function pointer's type. No brace: a trait's signature.
        if !name.is_empty() && code[..end].ends_with('}') {
            let lines = code[at..end].matches('\n').count() + 1;
            found.push(Function { name, line: line_of(code, at), lines });
        }
    }
    found
}

/// The words of `code` (identifiers, keywords, numbers) with their places.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - code.as_ptr() as usize, word))
}

/// The line of a place, counted from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

const CFG_TEST: &str = "#[cfg(test)]";

/// Where the item that starts at `from` ends: behind its `;` or its closing brace.
fn item_end(code: &str, from: usize) -> usize {
    let (mut braces, mut others) = (0_usize, 0_usize);
    for (at, c) in code[from..].char_indices() {
        match c {
            '(' | '[' => others += 1,
            ')' | ']' => others = others.saturating_sub(1),
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        if braces == 0 && others == 0 && matches!(c, '}' | ';') {
            return from + at + 1;
        }
    }
    code.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn spaced(c: char) -> char {
    if c == '\n' { c } else { ' ' }
}

fn line_comment(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.pop();
    out.push(' ');
    while rest.peek().is_some_and(|c| *c != '\n') {
        rest.next();
        out.push(' ');
    }
}

fn block_comment(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.pop();
    out.push(' ');
    let (mut depth, mut before) = (0_usize, '/');
    for c in rest.by_ref() {
        out.push(spaced(c));
        match (before, c) {
            ('/', '*') => (depth, before) = (depth + 1, ' '),
            ('*', '/') => (depth, before) = (depth - 1, ' '),
            _ => before = c,
        }
        if depth == 0 {
            break;
        }
    }
}

fn string(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut escaped = false;
    for c in rest.by_ref() {
        if c == '"' && !escaped {
            out.push(c);
            break;
        }
        escaped = c == '\\' && !escaped;
        out.push(spaced(c));
    }
}

/// Behind an `r`: a raw string if hashes and a quote follow, else nothing.
fn raw_string(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut ahead = rest.clone();
    let mut hashes = 0;
    while ahead.peek() == Some(&'#') {
        ahead.next();
        hashes += 1;
    }
    if ahead.next() != Some('"') {
        return;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let mut inside = String::new();
    *rest = ahead;
    for c in rest.by_ref() {
        inside.push(c);
        if inside.ends_with(&end) {
            break;
        }
    }
    out.push_str(&" ".repeat(hashes + 1));
    out.extend(inside.chars().map(spaced));
}

/// Behind a `'`: a character literal, or a lifetime, which stays.
fn character(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut ahead = rest.clone();
    let first = ahead.next();
    let literal = first == Some('\\') || ahead.peek() == Some(&'\'');
    if !literal {
        return;
    }
    let mut escaped = false;
    for c in rest.by_ref() {
        if c == '\'' && !escaped {
            out.push(c);
            break;
        }
        escaped = c == '\\' && !escaped;
        out.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_stay() {
        let text =
            "a /* x /* y */ z\n*/ b // c\nd \"e\\\"f\ng\" h r#\"i\"j\"# k 'l' '\\'' '\"' m<'n>";
        let code = blank(text);
        assert_eq!(code.matches('\n').count(), 3);
        let found: Vec<_> = words(&code).map(|(_, word)| word).collect();
        assert_eq!(found, ["a", "b", "d", "h", "r", "k", "m", "n"]);
        assert_eq!(code.chars().count(), text.chars().count());
    }

    #[test]
    fn an_identifier_that_ends_in_r_does_not_open_a_raw_string() {
        assert_eq!(blank("for\"a\" b"), "for\" \" b");
        assert_eq!(blank("r#type b"), "r#type b");
    }

    #[test]
    fn test_code_is_blanked_and_what_follows_stays() {
        let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nuse x::{y};\nfn d() {}";
        let rest = without_tests(code);
        let names: Vec<_> = functions(&rest).into_iter().map(|f| (f.name, f.line)).collect();
        assert_eq!(names, [("a".into(), 1), ("c".into(), 6), ("d".into(), 9)]);
    }

    #[test]
    fn modules_of_tests_in_their_own_files_are_named() {
        assert_eq!(test_modules("#[cfg(test)]\nmod laws;\n#[cfg(test)] mod here { }"), ["laws"]);
    }

    #[test]
    fn a_function_is_measured_from_its_fn_to_its_closing_brace() {
        let code = "trait T { fn a(x: [u8; 3]); }\nfn b(f: fn(u8))\n{\n if x { y }\n}\n";
        assert_eq!(functions(code), [Function { name: "b".into(), line: 2, lines: 4 }]);
    }
}
