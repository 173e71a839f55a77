/** Bytes of the shortest value that is searched for: shorter ones would match by chance. Source: safety 30. */
export const shortestKnown = 8;

/** How a value may be written; each is a string of bytes (latin1). */
export interface Form {
  readonly bytes: string;
  readonly anyCase: boolean;
  /** A form inside an encoded run, whose neighbours in `run` hold bits of the value too. */
  readonly run: RegExp | null;
  /** Of base64: at which of the four places of a group it begins. */
  readonly lead: number;
}

export const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const jsonInner = (text: string): string => JSON.stringify(text).slice(1, -1);
const base64Run = /[A-Za-z0-9+/=_-]/;

/**
 * Every form of a value of 8 bytes or more: raw, JSON-escaped up to twice, URL-encoded, XML entities, hex, base64 and base64url at all
 * three alignments, UTF-16 of both orders. A value of several lines counts line by line, since a text is read by lines; encoded, it counts whole too.
 */
export function formsOf(value: string): readonly Form[] {
  const lines = value.split(/[\r\n]+/).filter((line) => Buffer.byteLength(line) >= shortestKnown);
  const forms = lines.flatMap((line) => [...textForms(line), ...encodedForms(Buffer.from(line, 'utf8'))]);
  if (lines.length !== 1 || lines[0] !== value) forms.push(...encodedForms(Buffer.from(value, 'utf8')));
  return [
    ...new Map(
      forms
        .filter(({ bytes }) => bytes.length >= shortestKnown && !bytes.includes('\n'))
        .map((form) => [form.bytes, form]),
    ).values(),
  ];
}

function textForms(text: string): readonly Form[] {
  const escaped = jsonInner(text);
  const ascii = escaped.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const slashed = escaped.replaceAll('/', '\\/');
  const exact = [
    text,
    escaped,
    jsonInner(escaped),
    jsonInner(jsonInner(escaped)),
    ascii,
    jsonInner(ascii),
    slashed,
    jsonInner(slashed),
  ];
  const entity: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  const xml = text.replace(/[&<>"']/g, (char) => entity[char] ?? char);
  exact.push(
    xml,
    xml.replaceAll('&#39;', '&apos;'),
    xml.replaceAll('&#39;', '&#x27;'),
    text.replace(/[&<>]/g, (char) => entity[char] ?? char),
  );
  const url = percent(text, /[^A-Za-z0-9_.!~*'()-]/g);
  const loose = [
    url,
    percent(text, /[^A-Za-z0-9_.~-]/g),
    percent(text, /[^A-Za-z0-9_.!~*'();/?:@&=+$,#-]/g),
    url.replaceAll('%20', '+'),
    percent(url, /%/g),
  ];
  return [
    ...exact.map((bytes) => ({ bytes: latin1(bytes), anyCase: false, run: null, lead: 0 })),
    ...loose.map((bytes) => ({ bytes, anyCase: bytes.includes('%'), run: null, lead: 0 })),
  ];
}

/** `text` with the bytes of what matches written as `%XX`; never throws, unlike encodeURIComponent. */
function percent(text: string, what: RegExp): string {
  return latin1(text).replace(what, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

function encodedForms(bytes: Buffer): readonly Form[] {
  const little = Buffer.from(bytes.toString('utf8'), 'utf16le');
  const wide = [little, Buffer.from(little).swap16()].map((form) => ({
    bytes: form.toString('latin1'),
    anyCase: false,
    run: null,
    lead: 0,
  }));
  const hex = { bytes: bytes.toString('hex'), anyCase: true, run: null, lead: 0 };
  const base64 = [bytes, little].flatMap((plain) =>
    [0, 1, 2].map((shift) => ({ text: alignedBase64(plain, shift), lead: leadOf(shift) })),
  );
  return [
    ...wide,
    hex,
    ...base64.flatMap(({ text, lead }) =>
      [text, text.replaceAll('+', '-').replaceAll('/', '_')].map((bytes) => ({
        bytes,
        anyCase: false,
        run: base64Run,
        lead,
      })),
    ),
  ];
}

/** The first digit that `shift` bytes before leave to a value alone. */
const leadOf = (shift: number): number => Math.ceil((shift * 8) / 6);

/** The digits of base64 that `bytes` alone decide when `shift` bytes stand before them. */
function alignedBase64(bytes: Buffer, shift: number): string {
  const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
  const whole = Math.floor((padded.length * 8) / 6);
  return padded.toString('base64').slice(leadOf(shift), whole);
}
