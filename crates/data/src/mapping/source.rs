//! `[source.NAME]`: a table that the mapping's SQL may use, and where its rows are.

use std::path::PathBuf;

use sharewell_study::document::{Section, Value};
use toml::Spanned;

use super::Reader;

/// A table that the mapping's SQL may use.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) origin: Origin,
}

/// Where a source's rows are, and how to read them.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Csv {
        path: PathBuf,
        options: CsvOptions,
    },
    /// One JSON object a line.
    Json {
        path: PathBuf,
    },
    /// A file, or a folder of them.
    Parquet {
        path: PathBuf,
    },
    /// A folder of images.
    Images {
        path: PathBuf,
        picture: Picture,
    },
    /// A file of one array, and what its columns are called.
    NumPy {
        path: PathBuf,
        name: String,
    },
    Sqlite {
        path: PathBuf,
        table: String,
    },
    Postgres {
        server: Server,
        schema: Option<String>,
        table: String,
    },
}

/// What images are made to be; what is not said is as in the first of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture {
    /// Height and width.
    pub(crate) size: Option<[u32; 2]>,
    /// 1 of grey, or 3 of red, green and blue.
    pub(crate) channels: Option<u8>,
}

/// How to read a CSV file.
#[derive(Clone, Debug)]
pub(crate) struct CsvOptions {
    pub(crate) delimiter: u8,
    pub(crate) header: bool,
    pub(crate) null: Vec<String>,
    pub(crate) text: Vec<String>,
}

/// A PostgreSQL database, and as whom to read it. The password itself is nowhere but in the
/// environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: String,
    pub(crate) user: String,
    pub(crate) password_env: Option<String>,
    pub(crate) tls: Tls,
}

/// How the way to a server is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// Not at all.
    Off,
    /// The server proves by the password that the certificate is its own (SCRAM with channel
    /// binding, RFC 5802 and 5929).
    Bound,
    /// The certificate names the host and comes from the authorities in this file.
    Verified(PathBuf),
}

impl Origin {
    /// Where the rows are, as messages and reports say it.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Csv { path, .. }
            | Self::Json { path }
            | Self::Parquet { path }
            | Self::Images { path, .. }
            | Self::NumPy { path, .. } => path.display().to_string(),
            Self::Sqlite { path, table } => format!("{}, table {table}", path.display()),
            Self::Postgres { server, schema: Some(schema), table } => {
                format!("{server}, table {schema}.{table}")
            }
            Self::Postgres { server, schema: None, table } => format!("{server}, table {table}"),
        }
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, port, database, .. } = self;
        write!(f, "postgres://{host}:{port}/{database}")
    }
}

/// Greatest side of an image.
const SIDE_MAX: u32 = 1 << 12;

#[derive(Clone, Copy)]
enum Format {
    Csv,
    Json,
    Parquet,
    Images,
    NumPy,
    Sqlite,
    Postgres,
}

const FORMATS: [(&str, Format); 7] = [
    ("csv", Format::Csv),
    ("json", Format::Json),
    ("parquet", Format::Parquet),
    ("images", Format::Images),
    ("numpy", Format::NumPy),
    ("sqlite", Format::Sqlite),
    ("postgres", Format::Postgres),
];

/// The format that a file's name tells.
fn format_of(extension: &str) -> Option<Format> {
    Some(match extension {
        "csv" | "tsv" | "txt" => Format::Csv,
        "jsonl" | "ndjson" => Format::Json,
        "parquet" => Format::Parquet,
        "npy" => Format::NumPy,
        "sqlite" | "sqlite3" | "db" => Format::Sqlite,
        _ => return None,
    })
}

impl Reader<'_> {
    pub(super) fn source(&self, name: Spanned<String>, section: Section<'_>) -> Option<Source> {
        let format = self.format(&section)?;
        let (word, _) = FORMATS.iter().find(|(_, f)| *f as u8 == format as u8)?;
        let section = section.titled(format!("[source.{}], a {word} source,", name.get_ref()));
        let origin = match format {
            Format::Csv => self.csv(&section),
            Format::Json => self.path(&section).map(|path| Origin::Json { path }),
            Format::Parquet => self.path(&section).map(|path| Origin::Parquet { path }),
            Format::Images => self.images(&section),
            Format::NumPy => {
                let name = optional(&section, "columns", "value".to_owned());
                self.path(&section).zip(name).map(|(path, name)| Origin::NumPy { path, name })
            }
            Format::Sqlite => {
                let (path, table) = (self.path(&section), text(&section, "table"));
                path.zip(table).map(|(path, table)| Origin::Sqlite { path, table })
            }
            Format::Postgres => self.postgres(&section),
        };
        section.finish();
        Some(Source { name: name.into_inner(), origin: origin? })
    }

    fn path(&self, section: &Section<'_>) -> Option<PathBuf> {
        text(section, "path").map(|path| self.directory.join(path))
    }

    fn format(&self, section: &Section<'_>) -> Option<Format> {
        if section.has("format") {
            return self.choice(&section.optional("format")?, &FORMATS);
        }
        let path: Spanned<String> = section.required("path")?;
        let path_buf = PathBuf::from(path.get_ref());
        let extension = path_buf.extension().map(|e| e.to_string_lossy().to_lowercase());
        let format = extension.as_deref().and_then(format_of);
        let help = "say format = \"csv\", \"json\" (one object a line), \"parquet\" (a file, or a \
                    folder of them), \"images\" (a folder of them), \"numpy\" or \"sqlite\"";
        self.require(format.is_some(), path.span(), "the name does not tell the format", help)?;
        format
    }

    fn images(&self, section: &Section<'_>) -> Option<Origin> {
        let path = self.path(section);
        let size = match section.has("size") {
            false => Some(None),
            true => section.optional("size").and_then(|sides: Spanned<Vec<Spanned<u64>>>| {
                let found: Vec<u32> = sides
                    .get_ref()
                    .iter()
                    .filter_map(|of| (*of.get_ref()).try_into().ok())
                    .collect();
                let fits = matches!(found[..], [height, width]
                    if (1..=SIDE_MAX).contains(&height) && (1..=SIDE_MAX).contains(&width));
                let help = "such as size = [28, 28]";
                self.require(fits, sides.span(), "a size is height and width in pixels", help)?;
                Some(Some([found[0], found[1]]))
            }),
        };
        let channels = match section.has("channels") {
            false => Some(None),
            true => section.optional("channels").and_then(|channels: Spanned<u64>| {
                let fits = matches!(*channels.get_ref(), 1 | 3);
                let help = "1 for grey, 3 for red, green and blue";
                self.require(fits, channels.span(), "images have 1 or 3 channels", help)?;
                Some(Some(*channels.get_ref() as u8))
            }),
        };
        let picture = Picture { size: size?, channels: channels? };
        Some(Origin::Images { path: path?, picture })
    }

    fn csv(&self, section: &Section<'_>) -> Option<Origin> {
        let path = self.path(section)?;
        let tab = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
        let delimiter = match section.has("delimiter") {
            false => Some(if tab { b'\t' } else { b',' }),
            true => section.optional("delimiter").and_then(|text: Spanned<String>| {
                let [byte] = text.get_ref().as_bytes() else {
                    let message = "`delimiter` must be one ASCII character";
                    self.document.refuse(text.span(), message);
                    return None;
                };
                let fits = byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n');
                let help = "such as \",\", \";\", \"\\t\" or \"|\"";
                self.require(fits, text.span(), "a delimiter is no quote and no line end", help)?;
                Some(*byte)
            }),
        };
        let header = optional(section, "header", true);
        let null = texts(section, "null").or_else(|| Some(vec![String::new()]));
        let text = texts(section, "text").unwrap_or_default();
        let options = CsvOptions { delimiter: delimiter?, header: header?, null: null?, text };
        Some(Origin::Csv { path, options })
    }

    fn postgres(&self, section: &Section<'_>) -> Option<Origin> {
        let port = match section.has("port") {
            false => Some(5432),
            true => section.optional("port").and_then(|port: Spanned<u64>| {
                let fits = u16::try_from(*port.get_ref()).ok().filter(|port| *port > 0);
                let help = "5432 if it is left out";
                self.require(fits.is_some(), port.span(), "a port is from 1 to 65535", help)?;
                fits
            }),
        };
        let password_env = section.optional("password_env").map(Spanned::into_inner);
        let tls = self.tls(section, password_env.is_some());
        let [host, database, user, table] =
            ["host", "database", "user", "table"].map(|key| text(section, key));
        let schema = section.optional("schema").map(Spanned::into_inner);
        let server = Server {
            host: host?,
            port: port?,
            database: database?,
            user: user?,
            password_env,
            tls: tls?,
        };
        Some(Origin::Postgres { server, schema, table: table? })
    }

    fn tls(&self, section: &Section<'_>, password: bool) -> Option<Tls> {
        let on = match section.has("sslmode") {
            false => true,
            true => {
                let word = section.optional("sslmode")?;
                self.choice(&word, &[("require", true), ("disable", false)])?
            }
        };
        let authorities: Option<Spanned<String>> = section.optional("root_cert");
        match (on, authorities) {
            (true, Some(file)) => Some(Tls::Verified(self.directory.join(file.get_ref()))),
            (true, None) => {
                let message = "nothing would prove that the server is the right one";
                let help = "name its certificate authority, `root_cert = \"ca.pem\"`, or the \
                            password's variable, `password_env = \"...\"`";
                self.require(password, section.span(), message, help)?;
                Some(Tls::Bound)
            }
            (false, Some(file)) => {
                let help = "leave out one of the two";
                let message = "without TLS there is no certificate to check";
                self.require(false, file.span(), message, help)?;
                None
            }
            (false, None) => Some(Tls::Off),
        }
    }
}

fn text(section: &Section<'_>, key: &'static str) -> Option<String> {
    section.required(key).map(Spanned::into_inner)
}

fn texts(section: &Section<'_>, key: &'static str) -> Option<Vec<String>> {
    let texts: Spanned<Vec<Spanned<String>>> = section.optional(key)?;
    Some(texts.into_inner().into_iter().map(Spanned::into_inner).collect())
}

/// What may be left out. `None` only if something of another type stands there.
fn optional<T: Value>(section: &Section<'_>, key: &'static str, default: T) -> Option<T> {
    match section.has(key) {
        false => Some(default),
        true => section.optional(key).map(Spanned::into_inner),
    }
}
