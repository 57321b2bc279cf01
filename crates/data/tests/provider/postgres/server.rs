//! A PostgreSQL server of the tests' own: a new cluster in a temporary folder, on a free port of
//! this machine, run by an unprivileged user, stopped when nobody holds it any more.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The reader's password, and a variable that holds it: one that cargo sets for every test.
pub(super) const PASSWORD: &str = env!("CARGO_PKG_DESCRIPTION");
pub(super) const PASSWORD_VARIABLE: &str = "CARGO_PKG_DESCRIPTION";

/// How long a server may take to start, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) struct Server {
    pub(super) port: u16,
    programs: PathBuf,
    folder: TempDir,
    postmaster: Mutex<Child>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Server {
    /// One server for all tests that run at a time.
    pub(super) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(Self::start());
            *shared = Arc::downgrade(&server);
            server
        })
    }

    /// A new server with a table `fans` of 30,000 rows.
    pub(super) fn start() -> Self {
        let programs = programs();
        let folder = TempDir::new().expect("the system has a directory for temporary files");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("our folder");
        let user = User::unprivileged(folder.path());
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("our folder");
        user.own(&data);
        let initdb = user
            .command(&programs, "initdb")
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"])
            .args(["--no-sync", "--no-instructions", "-D"])
            .arg(&data)
            .output()
            .expect("initdb starts");
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        for file in ["server.pem", "server.key"] {
            fs::write(data.join(file), crate::fixture(&format!("tls/{file}"))).expect("our folder");
            fs::set_permissions(data.join(file), fs::Permissions::from_mode(0o600)).expect("ours");
            user.own(&data.join(file));
        }
        let hba = ["127.0.0.1/32", "::1/128"].map(|here| {
            format!("host all postgres,guest {here} trust\nhost all all {here} scram-sha-256\n")
        });
        let hba = hba.concat();
        fs::write(data.join("pg_hba.conf"), hba).expect("our folder");
        let (port, postmaster) = user.serve(&programs, &data);
        let server = Self { port, programs, folder, postmaster: Mutex::new(postmaster) };
        server.until("SELECT 1");
        server.run(&format!(
            "CREATE ROLE reader LOGIN PASSWORD '{}'; CREATE ROLE guest LOGIN; \
             CREATE TABLE fans AS SELECT id, chr(65 + id % 3) AS model, id % 2 = 0 AS ok \
             FROM generate_series(1, 30000) AS id; \
             ALTER TABLE fans ALTER model TYPE varchar; \
             CREATE TABLE secrets (id int); CREATE TABLE empty (id int); \
             GRANT SELECT ON fans, empty TO reader, guest",
            PASSWORD.replace('\'', "''")
        ));
        server
    }

    /// Runs SQL as the server's owner.
    pub(super) fn run(&self, sql: &str) {
        let output = self.psql(sql);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits until the query yields a row.
    pub(super) fn until(&self, query: &str) {
        let begun = Instant::now();
        loop {
            let output = self.psql(query);
            if output.status.success() && !output.stdout.is_empty() {
                return;
            }
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(begun.elapsed() < PATIENCE, "{query}: {told}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn psql(&self, sql: &str) -> std::process::Output {
        Command::new(self.programs.join("psql"))
            .args(["-h", "localhost", "-p", &self.port.to_string(), "-U", "postgres"])
            .args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", sql, "postgres"])
            .output()
            .expect("psql starts")
    }

    /// What the server has been asked.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("data/log.txt")).unwrap_or_default()
    }

    /// Ends the server at once, as a loss of power would.
    pub(super) fn kill(&self) {
        let mut postmaster =
            self.postmaster.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // SIGQUIT: its own processes end with it, without a farewell to clients.
        let _ = Command::new("kill").args(["-QUIT", &postmaster.id().to_string()]).status();
        let _ = postmaster.wait();
    }
}

/// The folder of `initdb`, `postgres` and `psql`.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // Debian keeps the server's programs off the path.
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    let all =
        |folder: &PathBuf| ["initdb", "postgres", "psql"].iter().all(|p| folder.join(p).exists());
    folders.into_iter().find(all).expect(
        "these tests need a PostgreSQL server: run scripts/setup, or install the package \
         `postgresql` (Debian: apt-get install postgresql, macOS: brew install postgresql)",
    )
}

/// PostgreSQL refuses to be run by root.
struct User(Option<(u32, u32)>);

impl User {
    fn unprivileged(ours: &Path) -> Self {
        use std::os::unix::fs::MetadataExt;
        /// `nobody`, on Linux.
        const NOBODY: u32 = 65_534;
        let owner = fs::metadata(ours).expect("our folder").uid();
        Self((owner == 0).then_some((NOBODY, NOBODY)))
    }

    fn own(&self, path: &Path) {
        if let Some((user, group)) = self.0 {
            chown(path, Some(user), Some(group)).expect("root may give files away");
        }
    }

    fn command(&self, programs: &Path, name: &str) -> Command {
        let mut command = Command::new(programs.join(name));
        command.current_dir("/").stdin(Stdio::null());
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }

    fn serve(&self, programs: &Path, data: &Path) -> (u16, Child) {
        let free = TcpListener::bind("localhost:0").expect("a free port");
        let port = free.local_addr().expect("bound").port();
        drop(free);
        let log = fs::File::create(data.join("log.txt")).expect("our folder");
        let settings = [
            "listen_addresses=localhost",
            "unix_socket_directories=",
            "ssl=on",
            "ssl_cert_file=server.pem",
            "ssl_key_file=server.key",
            "fsync=off",
            "log_statement=all",
        ];
        let mut command = self.command(programs, "postgres");
        command.arg("-D").arg(data).args(["-p", &port.to_string()]);
        settings.iter().for_each(|setting| _ = command.args(["-c", setting]));
        let child = command.stdout(Stdio::null()).stderr(log).spawn().expect("postgres starts");
        (port, child)
    }
}
