/** The files of the sample's deposit: what they are called and which fields they have (RFC 9022). */

/** The CSV files of the deposit by key: their names in the XML and the fields in their order. */
export const FILES = {
  domain: ['domain', 'rdeCsv:fRoid', 'csvDomain:fName', 'rdeCsv:fIdnTableId'].concat(
    'csvDomain:fOriginalName',
    'rdeCsv:fClID',
    'rdeCsv:fCrDate',
    'rdeCsv:fExDate',
  ),
  domainStatuses: ['domainStatuses', 'csvDomain:fName', 'csvDomain:fStatus'].concat(
    'rdeCsv:fStatusDescription',
    'rdeCsv:fLang',
    'csvDomain:fRgpStatus',
  ),
  serversByRoid: ['domainNameServers', 'csvDomain:fName', 'rdeCsv:fRoid'],
  serversByName: ['domainNameServers', 'csvHost:fName', 'csvDomain:fName'],
  attributes: ['domainNameServersAddresses', 'csvDomain:fName', 'csvHost:fName'].concat(
    'csvHost:fAddr',
    'csvHost:fAddrVersion',
  ),
  ds: ['dnssec', 'csvDomain:fName', 'csvDomain:fMaxSigLife', 'csvDomain:fKeyTag'].concat(
    'csvDomain:fDsAlg',
    'csvDomain:fDigestType',
    'csvDomain:fDigest',
  ),
  keys: ['dnssec', 'csvDomain:fName', 'csvDomain:fMaxSigLife', 'csvDomain:fFlags'].concat(
    'csvDomain:fProtocol',
    'csvDomain:fKeyAlg',
    'csvDomain:fPubKey',
  ),
  host: ['host', 'csvHost:fName', 'rdeCsv:fRoid', 'rdeCsv:fClID', 'rdeCsv:fCrDate'],
  hostStatuses: ['hostStatuses', 'rdeCsv:fRoid', 'csvHost:fStatus', 'rdeCsv:fStatusDescription'],
  hostAddresses: ['hostAddresses', 'rdeCsv:fRoid', 'csvHost:fAddrVersion', 'csvHost:fAddr'],
  registrar: ['registrar', 'csvRegistrar:fId', 'csvRegistrar:fName', 'csvRegistrar:fGurid'].concat(
    'csvRegistrar:fStatus',
    'rdeCsv:fCrDate',
  ),
  idnLanguage: ['idnLanguage', 'rdeCsv:fIdnTableId', 'rdeCsv:fUrl'],
  nndn: ['NNDN', 'csvNNDN:fAName', 'rdeCsv:fIdnTableId', 'csvNNDN:fOriginalName'].concat(
    'csvNNDN:fNameState',
    'csvNNDN:fMirroringNS',
    'rdeCsv:fCrDate',
  ),
} satisfies Record<string, string[]>;

export type FileKey = keyof typeof FILES;
export const KEYS = Object.keys(FILES) as FileKey[];

/** A CSV file's name. */
export const csvName = (zones: readonly string[], key: FileKey, gzip: boolean): string =>
  `${zones.join('-')}_${key}.csv${gzip ? '.gz' : ''}`;
/** The name of the deposit's XML. */
export const xmlName = (zones: readonly string[]): string => `${zones.join('-')}_deposit.xml`;

/** The files of a sample deposit. */
export function rdeCsvFiles(zones: readonly string[], gzip: boolean): string[] {
  return [xmlName(zones), ...KEYS.map((key) => csvName(zones, key, gzip))];
}
