//! The dependencies that a `Cargo.toml` names, read line by line.

/// Name and line of every dependency, those of tests and builds included.
pub(crate) fn dependencies(text: &str) -> Vec<(String, usize)> {
    let mut inside = false;
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_matches(|c| c == '[' || c == ']');
            inside = header.ends_with("dependencies") && header != "workspace.dependencies";
            // [dependencies.name]
            if let Some((section, name)) = header.rsplit_once('.')
                && section.ends_with("dependencies")
                && !section.starts_with("workspace")
            {
                found.push((name.to_string(), index + 1));
            }
        } else if inside
            && !line.starts_with('#')
            && let Some((name, _)) = line.split_once(['.', '=', ' '])
        {
            found.push((name.trim().trim_matches('"').to_string(), index + 1));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::dependencies;

    #[test]
    fn every_form_of_a_dependency_is_found() {
        let text = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\n# b = 1\nc = { path = \"c\" }\n\
                    [dev-dependencies]\nd = \"1\"\n[target.'cfg(unix)'.dependencies]\ne = \"1\"\n\
                    [dependencies.f]\nversion = \"1\"\n[lints]\nworkspace = true\n[workspace.dependencies]\ng = \"1\"";
        let names: Vec<_> = dependencies(text).into_iter().collect();
        let want = [("a", 4), ("c", 6), ("d", 8), ("e", 10), ("f", 11)];
        assert_eq!(names, want.map(|(name, line)| (name.to_string(), line)));
    }
}
