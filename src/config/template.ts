/** The configuration that `zonewright init` writes: com and net, with a word on every key. */

/** TOML text; each value that is commented out shows what may be set. */
export const CONFIG_TEMPLATE = `# zonewright.toml: configuration of zonewright.
#
# Paths are relative to this file's folder. Durations are ISO 8601: PT1H is an hour, P14D
# fourteen days, P2Y two years of 365 days. "zonewright doctor" checks this file.

state-dir  = "state"     # serials, key states, holders, audit log: what must survive
output-dir = "out"       # published generations
key-dir    = "keys"      # key pairs; the folder must have mode 0700

# Rules for all zones; each may also be set in a zone.
# publish-pending-restore = false   # publish names in RGP pendingRestore
# keep-sac048-orphans = false       # keep glue of deleted domains that others still use
# missing-glue = "keep"             # keep | drop name servers that lack their address
# invalid-ns = "keep"               # keep | drop names that can't be a name server

[source]                 # the registry's export
format = "rde-csv"       # rde-csv | rde-xml | whois-bulk | master | postgres
path   = "export"        # file, folder, .tar, each also .gz
# max-rejects = 100      # more unusable records than this end the run
# status-overlay = "statuses.csv"        # whois-bulk: rows of domainname,status
# url = { env = "REGISTRY_URL" }         # postgres: or { file = "registry.url" }
# queries = { domains = "SELECT …", hosts = "SELECT …", records = "SELECT …" }

[policy.tld]             # how the zones that name this policy are signed
algorithm = "ECDSAP256SHA256"   # or a list of algorithms, each of which signs everything
# csk = true                    # one key for both roles
# key-storage = "pkcs11:token=zw"   # make the keys in this token of an HSM, not in files
nsec3 = { opt-out = true, iterations = 0, salt = "" }   # or: nsec = true
zonemd = true                   # digest of the whole zone (RFC 8976)
ksk-lifetime = "P2Y"            # or "unlimited"
zsk-lifetime = "P90D"
signature-validity = "P14D"     # life of a new signature
signature-refresh = "P7D"       # remaining life below which it is made anew
signature-jitter = "PT12H"      # spread of the expiry times
inception-offset = "PT1H"       # how far signatures begin in the past, for slow clocks
dnskey-ttl = "P1D"
parent-ds-ttl = "P1D"           # TTL of the DS records in the parent zone
propagation-delay = "PT1H"      # until all name servers have a new zone
parent-propagation-delay = "PT1H"
safety-margin = "PT1H"          # added to every waiting time of a key roll
# parent-check = true           # ask the parent's name servers for the DS
# ksk-roll = "double-ds"         # a new KSK begins with its DS, not with its DNSKEY (RFC 6781 §4.1.2)
# trust-anchor = true            # no DS: validators follow the KSK by RFC 5011

[[zones]]
name = "com"
policy = "tld"
serial = "unixtime"      # unixtime | date | increment | keep
glue = "wide"            # wide: sibling glue stays; narrow: in-domain glue only
# format = "verisign-classic"   # also write com.classic.zone in the older layout
soa = { mname = "a.gtld-servers.net.", rname = "nstld.verisign-grs.com.", refresh = 1800, retry = 900, expire = 604800, minimum = 86400, ttl = 900 }
ns = ["a.gtld-servers.net.", "b.gtld-servers.net."]
ns-ttl = 172800
glue-ttl = 172800
ds-ttl = 86400
# records = "com.extra"  # master file with further authoritative records of the zone
# parent-servers = ["192.0.2.53", "[2001:db8::53]:53"]  # name servers of the parent zone;
#                           # default: those that the system's resolver finds
# parent-ds = "dsset-com."  # file with the DS records at the parent, or a list of DS data:
#                           # a zone that they don't lead into is not published

[[zones]]
name = "net"
policy = "tld"
serial = "unixtime"
glue = "wide"
soa = { mname = "a.gtld-servers.net.", rname = "nstld.verisign-grs.com.", refresh = 1800, retry = 900, expire = 604800, minimum = 86400, ttl = 900 }
ns = ["a.gtld-servers.net.", "b.gtld-servers.net."]
ns-ttl = 172800
glue-ttl = 172800
ds-ttl = 86400

[keys]
# passphrase = { file = "/run/secrets/zonewright" }   # of private keys encrypted at rest; its
#                        # file has mode 0600. Keys that are made are encrypted with it

[guards]                 # a zone beyond these is not published
max-change = "5%"        # delegations that may change from one generation to the next
max-removed = "1%"       # delegations that may go
verify = "full"          # full: all signatures; new: those made in this run
# min-signature-life = "P8D"   # default: the zone's SOA expire and a day

[publish]
keep = 7                 # generations
# after = "nsd-control reload {zone}"   # command to run after the switch

[zfa]                    # zone file access
formats = ["gz"]
# limit-hours = 24       # one complete download a file and holder in this time; 0: no limit
# keep-days = 7          # days whose bundles are kept
# validity = "P1Y"       # of an approval without --expires
# agreement = { version = "2026-1", file = "AGREEMENT.txt" }   # what holders must have agreed to
# sign-in-tries = 8      # that an address has in five minutes
# trusted-proxies = ["127.0.0.1"]       # whose X-Forwarded-For is believed
# base-url = "https://zfa.example"      # of the download service; default: as it is asked

# [pkcs11]               # keys in an HSM
# module = "/usr/lib/softhsm/libsofthsm2.so"   # its PKCS#11 library
# pin = { file = "/etc/zonewright/pin" }       # mode 0600; or { env = "NAME" }
# sessions = 8           # that each signing thread may hold
`;
