/**
 * Tables of the zone file access database (`state/zfa/zfa.db`, SQLite).
 *
 * Times are whole seconds since 1970. Versions are steps: a database of an older version is
 * brought forward by the steps that it lacks, in one transaction.
 */

/** SQL that leads from version n to n + 1, by n. */
export const STEPS: readonly string[] = [
  `
  -- Who may download. One row a holder, for ever: an id is never given to another.
  CREATE TABLE holders (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    organisation TEXT,
    email TEXT NOT NULL,
    purpose TEXT,
    zones TEXT NOT NULL,               -- labels, JSON array, sorted
    allow TEXT NOT NULL,               -- CIDR, JSON array; empty: from anywhere
    agreement_version TEXT,
    agreement_date INTEGER,
    state TEXT NOT NULL CHECK (state IN ('pending','approved','expired','revoked','denied')),
    expires INTEGER,
    age_key TEXT,
    password_hash TEXT,                -- PHC string of scrypt; NULL: no password
    epoch INTEGER NOT NULL DEFAULT 0,  -- raised when older passwords and tokens stop working
    created INTEGER NOT NULL,
    approved INTEGER,                  -- first approval
    changed INTEGER NOT NULL
  ) STRICT;

  -- What happened to holders, in order; written with the change itself. The audit log is written
  -- from here afterwards, so that a kill in between loses no line.
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,                  -- user of the system, 'build', or 'holder' (portal)
    holder TEXT NOT NULL,
    event TEXT NOT NULL,               -- added, approved, denied, expired, revoked, renewed, …
    detail TEXT NOT NULL,              -- JSON object
    logged INTEGER NOT NULL DEFAULT 0  -- 1: the audit log has it
  ) STRICT;
  CREATE INDEX events_holder ON events (holder, seq);
  CREATE INDEX events_unlogged ON events (seq) WHERE logged = 0;

  -- What was downloaded of a file by a holder: one row a holder, file and window of time.
  CREATE TABLE downloads (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    holder TEXT NOT NULL,
    file TEXT NOT NULL,                -- czds/com, bundle/20261122, files/com/com.zone.gz
    etag TEXT NOT NULL,
    serial TEXT,                       -- of the zone; of a bundle the date
    size INTEGER NOT NULL,             -- octets of the whole file
    began INTEGER NOT NULL,
    ended INTEGER,                     -- when it was complete; NULL: not yet
    sent INTEGER NOT NULL,             -- octets sent, those sent twice counted twice
    ranges TEXT NOT NULL               -- what was sent: JSON array of [start, end)
  ) STRICT;
  CREATE INDEX downloads_of ON downloads (holder, file, began);
  CREATE INDEX downloads_ended ON downloads (ended);

  -- From which addresses (IPv6: /64) holders have signed in, so that strangers' tries don't lock
  -- them out. The last ones of each holder.
  CREATE TABLE sign_ins (
    holder TEXT NOT NULL,
    address TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (holder, address)
  ) STRICT;

  -- The zones as they were bundled, one row a zone and day: the picture of growth.
  CREATE TABLE zone_days (
    date TEXT NOT NULL,                -- YYYYMMDD
    zone TEXT NOT NULL,
    generation TEXT NOT NULL,
    serial INTEGER NOT NULL,
    delegations INTEGER,
    added INTEGER,
    removed INTEGER,
    packed INTEGER NOT NULL,           -- octets of <zone>.zone.gz
    sha256 TEXT NOT NULL,              -- of <zone>.zone.gz
    PRIMARY KEY (date, zone)
  ) STRICT;

  -- Single facts: when the service first ran, and the like.
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  `,
  `
  -- Sessions of the portal that were signed out, until they would have ended by themselves: a copy
  -- of the cookie is no good, also after a restart.
  CREATE TABLE ended_sessions (
    session TEXT PRIMARY KEY,          -- a hash of the cookie
    until INTEGER NOT NULL
  ) STRICT;

  -- Raised by whatever changes a holder, so that a service that keeps holders in memory need not
  -- read them again for every other change.
  CREATE TABLE holders_version (number INTEGER NOT NULL) STRICT;
  INSERT INTO holders_version VALUES (0);
  CREATE TRIGGER holders_inserted AFTER INSERT ON holders
    BEGIN UPDATE holders_version SET number = number + 1; END;
  CREATE TRIGGER holders_updated AFTER UPDATE ON holders
    BEGIN UPDATE holders_version SET number = number + 1; END;
  CREATE TRIGGER holders_deleted AFTER DELETE ON holders
    BEGIN UPDATE holders_version SET number = number + 1; END;
  `,
  `
  -- Octets sent after a download was complete, to clients that had not got all of it.
  ALTER TABLE downloads ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
  `,
];
