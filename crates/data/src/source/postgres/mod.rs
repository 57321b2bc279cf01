//! PostgreSQL: tables and views of a server, all read within one transaction that only reads.
//!
//! Rows come through a cursor of the server, some thousand at a time, so that memory stays bounded
//! whatever the table's size. The transaction is `REPEATABLE READ`: every table of a database is
//! seen as of one moment, however long reading takes.

mod rows;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, fmt};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use tokio::sync::mpsc::Sender;
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::rows::{Of, batch};
use super::remote::{Database, RemoteColumn, RemoteTable, quoted};
use crate::mapping::{Server, Tls};
use crate::{Error, SourceFault};

/// Rows that the server sends at a time.
const FETCH_ROWS: usize = 8192;
/// How long the server may take to answer the first call.
const CONNECT: Duration = Duration::from_secs(20);
/// How long the way to the server may be dead before that is noticed.
const DEAD: Duration = Duration::from_secs(60);

/// A connection within its transaction.
pub(super) struct Postgres {
    client: Client,
    server: Server,
    cursors: AtomicU64,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.server.fmt(f)
    }
}

impl Postgres {
    /// Connects and begins the transaction.
    pub(super) async fn connect(server: &Server) -> Result<Self, Error> {
        let fault = |fault| Error::Source { place: server.to_string(), line: None, fault };
        let config = config(server).map_err(fault)?;
        let failed = |error: tokio_postgres::Error| fault(told(&error));
        let client = match tls::client(&server.tls).map_err(fault)? {
            Some(tls) => {
                let (client, connection) =
                    config.connect(MakeRustlsConnect::new(tls)).await.map_err(failed)?;
                // Its end shows in whatever the client asks next.
                tokio::spawn(connection);
                client
            }
            None => {
                let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
                tokio::spawn(connection);
                client
            }
        };
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; \
                     SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'; \
                     SET LOCAL extra_float_digits = 1; SET LOCAL intervalstyle = 'iso_8601'";
        client.batch_execute(begin).await.map_err(failed)?;
        Ok(Self { client, server: server.clone(), cursors: AtomicU64::new(0) })
    }

    /// A table or view, and how many rows it has.
    pub(super) async fn table(
        self: &Arc<Self>,
        schema: Option<&str>,
        table: &str,
        place: &str,
    ) -> Result<(RemoteTable, u64), Error> {
        let failed = |error: tokio_postgres::Error| Error::Source {
            place: place.to_owned(),
            line: None,
            fault: told(&error),
        };
        let from = match schema {
            Some(schema) => format!("{}.{}", quoted(schema), quoted(table)),
            None => quoted(table),
        };
        let all = self.client.prepare(&format!("SELECT * FROM {from}")).await.map_err(failed)?;
        let (fields, columns) = all
            .columns()
            .iter()
            .map(|column| {
                let of = Of::new(column.type_(), column.type_modifier());
                let name = quoted(column.name());
                let (select, comparable) = (of.select(&name), of.comparable(column.type_()));
                let field = Field::new(column.name(), of.data_type(), true);
                (field, RemoteColumn { name, select, comparable })
            })
            .unzip::<_, _, Vec<_>, Vec<_>>();
        let count = self.client.query_one(&format!("SELECT count(*) FROM {from}"), &[]).await;
        let rows: i64 = count.and_then(|row| row.try_get(0)).map_err(failed)?;
        let database: Arc<dyn Database> = Arc::clone(self) as _;
        let schema = Arc::new(Schema::new(fields));
        Ok((RemoteTable { schema, columns, from, database }, rows.unsigned_abs()))
    }

    /// Sends the rows of `sql` to whoever reads them.
    async fn fetch(
        &self,
        sql: &str,
        schema: &SchemaRef,
        rows_to: &Sender<Result<RecordBatch, DataFusionError>>,
    ) -> Result<(), SourceFault> {
        let failed = |error: tokio_postgres::Error| told(&error);
        let cursor = format!("sharewell_{}", self.cursors.fetch_add(1, Ordering::Relaxed));
        let declare = format!("DECLARE {cursor} NO SCROLL CURSOR FOR {sql}");
        self.client.batch_execute(&declare).await.map_err(failed)?;
        let fetch = format!("FETCH {FETCH_ROWS} FROM {cursor}");
        let fetch = self.client.prepare(&fetch).await.map_err(failed)?;
        loop {
            let rows = self.client.query(&fetch, &[]).await.map_err(failed)?;
            let done = rows.len() < FETCH_ROWS;
            let gone = rows_to.send(Ok(batch(schema, &rows)?)).await.is_err();
            if done || gone {
                return self.client.batch_execute(&format!("CLOSE {cursor}")).await.map_err(failed);
            }
        }
    }
}

impl Database for Postgres {
    fn stream(self: Arc<Self>, sql: String, schema: SchemaRef) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&schema), 2);
        let sender = builder.tx();
        builder.spawn(async move {
            self.fetch(&sql, &schema, &sender).await.map_err(|fault| {
                let place = self.server.to_string();
                DataFusionError::External(Box::new(Error::Source { place, line: None, fault }))
            })
        });
        builder.build()
    }
}

fn config(server: &Server) -> Result<Config, SourceFault> {
    let mut config = Config::new();
    config.host(&server.host).port(server.port).dbname(&server.database).user(&server.user);
    config.application_name("sharewell").connect_timeout(CONNECT);
    config.tcp_user_timeout(DEAD).keepalives_idle(DEAD / 2).keepalives_interval(DEAD / 6);
    config.ssl_mode(if server.tls == Tls::Off { SslMode::Disable } else { SslMode::Require });
    config.channel_binding(match server.tls {
        Tls::Bound => ChannelBinding::Require,
        Tls::Verified(_) => ChannelBinding::Prefer,
        Tls::Off => ChannelBinding::Disable,
    });
    if let Some(variable) = &server.password_env {
        let password = env::var(variable)
            .map_err(|_| SourceFault::NoPassword { variable: variable.clone() })?;
        config.password(password);
    }
    Ok(config)
}

/// What went wrong, from the server's own words where it has said any.
pub(super) fn told(error: &tokio_postgres::Error) -> SourceFault {
    if error.is_closed() {
        return SourceFault::Gone;
    }
    if matches!(error.code(), Some(&SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN)) {
        return SourceFault::Gone;
    }
    if let Some(error) = error.as_db_error() {
        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        return SourceFault::Database(format!("{}{hint}", error.message()));
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text += &format!(": {deeper}");
        cause = deeper.source();
    }
    SourceFault::Database(text)
}
