//! How far a server is in the history of a database: what it is asked before each use of a connection.

use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};

/// How far a server is in the history of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Bytes of the log: what may have been acknowledged, of a primary; what can be seen, of a standby.
    pub reached: i64,
    /// Another one begins whenever a standby becomes the primary.
    pub timeline: i32,
    /// Which servers, and which of their databases.
    pub cluster: String,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub enum Question {
    /// Whether it lives, and whether it waits for a standby.
    Life,
    /// And how far it is as a primary.
    Primary,
    /// And how far it is as a standby.
    Standby,
}

/// Which servers, and which of their databases: the same for as long as a connection stands.
const CLUSTER: &str = "(SELECT system_identifier FROM pg_control_system()) || '/' || \
                       (SELECT oid FROM pg_database WHERE datname = current_database())";

impl Question {
    /// In SQL. What the connection leads to is asked once.
    pub fn text(self, is_known: bool) -> String {
        let waits =
            "COALESCE(current_setting('synchronous_standby_names', TRUE), '') <> '' AS waits_for_standby";
        let cluster = if is_known { "NULL::text" } else { CLUSTER };
        match self {
            Self::Life => format!(
                "SELECT {waits}, NULL::bigint AS reached, NULL::integer AS timeline, NULL::text AS cluster"
            ),
            // Without synchronous_commit a commit is acknowledged before it is flushed. With it, what is not flushed yet was
            // acknowledged to nobody, and does not reach standbys before.
            Self::Primary => format!(
                "SELECT {waits}, (at - '0/0'::pg_lsn)::bigint AS reached, \
                 ('x' || substr(pg_walfile_name(at), 1, 8))::bit(32)::integer AS timeline, {cluster} AS cluster \
                 FROM (SELECT CASE WHEN pg_is_in_recovery() THEN NULL \
                 WHEN current_setting('synchronous_commit') = 'off' THEN pg_current_wal_insert_lsn() \
                 ELSE pg_current_wal_flush_lsn() END AS at) AS place"
            ),
            // What the server follows is told first by its receiver, to those who may see that (pg_read_all_stats); then by
            // what it has written down of its recovery, which comes later.
            Self::Standby => format!(
                "SELECT FALSE AS waits_for_standby, \
                 CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint END AS reached, \
                 GREATEST((SELECT timeline_id FROM pg_control_checkpoint()), \
                 (SELECT min_recovery_end_timeline FROM pg_control_recovery()), \
                 (SELECT received_tli FROM pg_stat_wal_receiver)) AS timeline, {cluster} AS cluster"
            ),
        }
    }
}

/// What it answers.
#[derive(diesel::QueryableByName)]
pub struct Answer {
    /// It waits for a standby before it says that something is committed.
    #[diesel(sql_type = Bool)]
    pub waits_for_standby: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    reached: Option<i64>,
    #[diesel(sql_type = Nullable<Integer>)]
    timeline: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    cluster: Option<String>,
}

impl Answer {
    /// Where it is; none where it was not asked, or is not what it is to be. Where the connection leads is known once it was
    /// told.
    pub fn place(self, known: Option<Place>) -> Option<Place> {
        Some(Place {
            reached: self.reached?,
            timeline: self.timeline?,
            cluster: self.cluster.or(known.map(|place| place.cluster))?,
        })
    }
}
