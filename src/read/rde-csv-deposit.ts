/**
 * Reads the XML of a data escrow deposit (RFC 8909 §5): what kind of deposit it is, the counts of
 * its header (RFC 9022 §5.9.1) and the CSV files of its contents with their fields in order
 * (RFC 9022 §4.6.2.1). Streaming, by namespace and never by prefix; a document type declaration
 * is refused, so there are no entities but XML's own five.
 */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { inputError, ZonewrightError } from '../errors.js';

/** A field of a CSV file: an element such as csvDomain:fName. */
export interface DepositField {
  /** `csvDomain`: the last part of the namespace without its version. */
  readonly object: string;
  /** `fName`. */
  readonly name: string;
}

/** A CSV file of a deposit. */
export interface DepositFile {
  /** As the XML has it, relative to the XML's folder. */
  readonly name: string;
  readonly gzip: boolean;
  readonly checksum: { readonly algorithm: 'CRC32' | 'SHA256'; readonly value: string } | undefined;
}

/** A set of CSV files with the same purpose and the same fields. */
export interface DepositCsv {
  /** The object whose contents it is part of: `csvDomain`. */
  readonly object: string;
  /** The purpose, e.g. `domainStatuses`. */
  readonly name: string;
  /** One ASCII octet. */
  readonly separator: number;
  readonly fields: readonly DepositField[];
  readonly files: readonly DepositFile[];
}

/** A count of the header. */
export interface DepositCount {
  /** `csvDomain`, or the whole URI when it is none of the IETF's. */
  readonly object: string;
  /** Objects of this name and below it only. */
  readonly rcdn: string | undefined;
  /** Objects of this registrar only. */
  readonly registrarId: string | undefined;
  readonly count: number;
}

/** The description of a deposit. */
export interface Deposit {
  readonly id: string;
  readonly watermark: string;
  readonly counts: readonly DepositCount[];
  readonly csv: readonly DepositCsv[];
}

const MAX_DEPTH = 32;
/** The XML of the CSV model only describes: a few kilobytes. */
export const MAX_XML = 16 << 20;
const MAX_TEXT = 1 << 16;
const IETF = 'urn:ietf:params:xml:ns:';
const RDE = `${IETF}rde-1.0`;
const CSV = `${IETF}rdeCsv-1.0`;
const HEADER = `${IETF}rdeHeader-1.0`;

/** `csvDomain` of `urn:ietf:params:xml:ns:csvDomain-1.0`. */
function objectOf(uri: string): string {
  return uri.startsWith(IETF) ? uri.slice(IETF.length).replace(/-1\.0$/, '') : uri;
}

interface OpenCsv {
  readonly object: string;
  readonly name: string;
  readonly separator: number;
  readonly fields: DepositField[];
  readonly files: DepositFile[];
}

/**
 * Parses the XML of a deposit.
 *
 * @param pieces the document's octets, UTF-8.
 * @param file what errors call the document.
 * @throws ZonewrightError (exit 3) for a document that is not well-formed, has a document type
 *   declaration, is too large or too deep, or describes no full deposit in the CSV model.
 */
export async function readDepositXml(
  pieces: AsyncIterable<Uint8Array>,
  file: string,
): Promise<Deposit> {
  const reader = createDepositReader(file);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let size = 0;
  try {
    for await (const piece of pieces) {
      size += piece.length;
      if (size > MAX_XML) {
        throw inputError(`the XML is longer than ${MAX_XML} octets`, {
          place: { file },
          hint: 'A deposit in the XML model is read with source.format = "rde-xml".',
        });
      }
      reader.write(decoder.decode(piece, { stream: true }));
    }
    reader.write(decoder.decode());
  } catch (error) {
    if (error instanceof TypeError) {
      throw inputError('the XML is not UTF-8', { place: { file }, cause: error });
    }
    throw error;
  }
  return reader.end();
}

function createDepositReader(file: string) {
  const parser = new SaxesParser({ xmlns: true, position: true });
  const path: SaxesTagNS[] = [];
  const counts: DepositCount[] = [];
  const csv: DepositCsv[] = [];
  let id: string | undefined;
  let watermark = '';
  let text = '';
  let open: OpenCsv | undefined;

  const fail = (message: string, more: { hint?: string; text?: string } = {}): never => {
    throw inputError(message, { place: { file, line: parser.line }, ...more });
  };
  const attribute = (tag: SaxesTagNS, name: string): string | undefined => {
    const value = tag.attributes[name];
    return value === undefined ? undefined : value.value.trim();
  };
  const required = (tag: SaxesTagNS, name: string): string =>
    attribute(tag, name) ?? fail(`<${tag.name}> has no attribute ${name}`);
  const isAt = (depth: number, uri: string, local: string): boolean =>
    path[depth]?.uri === uri && path[depth].local === local;
  const inContents = (): boolean => isAt(1, RDE, 'contents');

  parser.on('error', (error) => {
    fail(`the XML is not well-formed: ${error.message.replace(/^\d+:\d+: /, '')}`);
  });
  parser.on('doctype', () => {
    fail('the XML has a document type declaration', {
      hint: 'A deposit needs none; it could hide entities that expand without bound.',
    });
  });
  parser.on('xmldecl', (declaration) => {
    const encoding = declaration.encoding ?? 'UTF-8';
    if (!/^(utf-8|us-ascii)$/i.test(encoding)) {
      fail('the XML is in an encoding that is not supported', { text: encoding });
    }
  });
  parser.on('opentag', (tag) => {
    path.push(tag);
    text = '';
    const depth = path.length;
    if (depth > MAX_DEPTH) fail(`the XML is nested deeper than ${MAX_DEPTH} elements`);
    if (depth === 1) openDeposit(tag);
    else if (depth === 3 && inContents()) checkContent(tag);
    else if (depth === 4 && inContents() && tag.uri === CSV && tag.local === 'csv') openCsv(tag);
    else if (depth === 6 && open !== undefined && isAt(4, CSV, 'fields')) {
      open.fields.push({ object: objectOf(tag.uri), name: tag.local });
    }
  });
  const addText = (more: string): void => {
    text += more;
    if (text.length > MAX_TEXT) fail(`an element holds more than ${MAX_TEXT} characters`);
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', (tag) => {
    const depth = path.length;
    const content = text.trim();
    text = '';
    path.pop();
    if (depth === 2 && tag.uri === RDE && tag.local === 'watermark') watermark = content;
    if (depth === 4 && tag.uri === HEADER && tag.local === 'count') addCount(tag, content);
    if (depth === 6 && open !== undefined && tag.uri === CSV && tag.local === 'file') {
      open.files.push(fileOf(tag, content));
    }
    if (depth === 4 && open !== undefined) {
      if (open.fields.length === 0) fail(`the CSV definition "${open.name}" has no fields`);
      if (open.files.length === 0) fail(`the CSV definition "${open.name}" names no file`);
      csv.push(open);
      open = undefined;
    }
  });

  const openDeposit = (tag: SaxesTagNS): void => {
    if (tag.uri !== RDE || tag.local !== 'deposit') {
      fail('this is no data escrow deposit (RFC 8909)', { text: `<${tag.name}>` });
    }
    id = required(tag, 'id');
    const type = required(tag, 'type');
    if (type === 'DIFF' || type === 'INCR') {
      const name = type === 'DIFF' ? 'differential' : 'incremental';
      fail(`this is a deposit of type ${type}: ${name} deposits are not supported`, {
        text: `id="${id}"`,
        hint: 'Give the last deposit of type FULL.',
      });
    }
    if (type !== 'FULL') fail('the deposit has no known type', { text: type });
  };
  const checkContent = (tag: SaxesTagNS): void => {
    // Header, EPP parameters and policy are XML in either model.
    if (/^rde(Domain|Host|Contact|Registrar|NNDN|IDN)$/.test(objectOf(tag.uri))) {
      fail(`the deposit holds objects of the XML model: <${tag.name}>`, {
        hint: 'Read it with source.format = "rde-xml".',
      });
    }
  };
  const openCsv = (tag: SaxesTagNS): void => {
    const separator = tag.attributes.sep?.value ?? ',';
    const octet = separator.charCodeAt(0);
    if (separator.length !== 1 || octet > 0x7e || /["\r\n.a-zA-Z0-9-]/.test(separator)) {
      fail('sep must be one ASCII character that no name holds', { text: separator });
    }
    open = {
      object: objectOf(path[2].uri),
      name: required(tag, 'name'),
      separator: octet,
      fields: [],
      files: [],
    };
  };
  const addCount = (tag: SaxesTagNS, content: string): void => {
    if (!/^\d{1,15}$/.test(content)) fail('a count of the header is no number', { text: content });
    counts.push({
      object: objectOf(required(tag, 'uri')),
      rcdn: attribute(tag, 'rcdn'),
      registrarId: attribute(tag, 'registrarId'),
      count: Number(content),
    });
  };
  const fileOf = (tag: SaxesTagNS, name: string): DepositFile => {
    if (!isSafePath(name)) {
      fail('a file of the deposit must lie in its folder', { text: name });
    }
    const compression = attribute(tag, 'compression') ?? '';
    if (!/^(|none|gzip)$/i.test(compression)) {
      fail('only gzip is supported as compression', { text: compression });
    }
    const encoding = attribute(tag, 'encoding') ?? 'UTF-8';
    if (!/^(utf-?8|us-ascii|ascii)$/i.test(encoding)) {
      fail('only UTF-8 is supported as encoding', { text: encoding });
    }
    const algorithm = (attribute(tag, 'cksumAlg') ?? 'CRC32').toUpperCase().replace('-', '');
    if (algorithm !== 'CRC32' && algorithm !== 'SHA256') {
      return fail('only CRC32 and SHA256 are supported as checksums', { text: algorithm });
    }
    const value = attribute(tag, 'cksum');
    if (value === undefined && attribute(tag, 'cksumAlg') !== undefined) {
      fail(`${name} has cksumAlg, but no cksum`);
    }
    const form = algorithm === 'CRC32' ? /^[0-9a-f]{1,8}$/i : /^[0-9a-f]{64}$/i;
    if (value !== undefined && !form.test(value)) {
      fail(`the checksum of ${name} is no ${algorithm} in hexadecimal`, { text: value });
    }
    return {
      name,
      gzip: /^gzip$/i.test(compression),
      checksum:
        value === undefined
          ? undefined
          : { algorithm, value: value.toUpperCase().padStart(algorithm === 'CRC32' ? 8 : 64, '0') },
    };
  };
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (error instanceof ZonewrightError) throw error;
      fail(`the XML can't be read: ${(error as Error).message}`);
    }
  };
  return {
    write: (more: string): void => guarded(() => parser.write(more)),
    end: (): Deposit => {
      guarded(() => parser.close());
      if (id === undefined) throw inputError('the XML is empty', { place: { file } });
      return { id, watermark, counts, csv };
    },
  };
}

/** A relative path that stays in its folder, in the form that tar and folders share. */
export function isSafePath(name: string): boolean {
  return (
    name.length > 0 &&
    name.length < 4096 &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
    !/[\\\0-\x1f\x7f]/.test(name) &&
    !name.startsWith('/') &&
    name.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}
