import type { TextKind } from '../host/shape.ts';
import { contractKeys, isIdentifier, ownKeys, programs, words as states } from '../redaction/templates/catalogue.ts';
import { knownParts } from '../redaction/templates/message.ts';
import { makePaths } from '../redaction/templates/paths.ts';
import { role } from '../redaction/templates/pieces.ts';
import {
  keyedMark,
  keyedPlaceholders,
  makePlaceholders,
  type Placeholder,
  placeholder,
} from '../redaction/templates/placeholders.ts';
import { kindOf } from './fields.ts';
import { isTime, logLine, moment, platform, statement } from './gate-texts.ts';

const admitted: unique symbol = Symbol('admitted');

/**
 * Who reads the output of a gate. `support`: somebody elsewhere who receives a bundle. `program`: a program that reads a
 * JSON document of this machine. `operator`: the user at the screen of this machine.
 */
export type Reader = 'support' | 'program' | 'operator';

/** A value whose texts have all passed a gate. Only a gate can make one. */
export interface Admitted {
  readonly [admitted]: true;
  readonly value: unknown;
}

export interface Gate {
  /** A text of our own documents, which can quote others. */
  readonly text: (text: string) => string;
  readonly json: (value: unknown) => Admitted;
  /** A value whose keys were all written by our own code. */
  readonly typed: <T>(value: T) => T;
  /** A log, line by line. The last line may lack a line end. */
  readonly log: (text: string) => string;
  /** The placeholders, by number. */
  readonly used: () => readonly Placeholder[];
}

export interface GateOptions {
  /** Words that checks decide on, and keys of observations. */
  readonly words: ReadonlySet<string>;
  /**
   * Ids that have the form of Coven's own stay but for support, which has no use for them; for an operator the names of
   * his files stay, too: he has to act on them.
   */
  readonly reader?: Reader;
  /** Lines of logs and texts of errors stay as redaction left them: the operator asked for that. */
  readonly freeText?: boolean;
  /** Titles and labels stay, too. */
  readonly titles?: boolean;
  /** And payloads of events. */
  readonly payloads?: boolean;
  /** Tells texts apart from one run to the next, for who holds it; without it they are numbered. */
  readonly key?: string;
  /** Nothing stays but single words of ours, times and numbers: for what could not be proven clean otherwise. */
  readonly strict?: boolean;
}

const uuid = /^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$/;
/** Of a session that an automation started. Source: Coven 0.4.6. */
const automationId = /^session-[0-9a-f]{32}$/;
/** Of a run of ours. */
const runId = /^\d{8}T\d{6}Z-[0-9a-f]{6}$/;
/** Three numbers at the most: four are an address of the internet. */
const version = /^v?\d{1,4}(?:\.\d{1,5}){1,2}(?:-(?:alpha|beta|rc|pre|dev|next|canary|nightly)(?:[.-]?\d{1,8})?)?$/;
/** Contracts of Coven, those to come too. */
const contractName = /^coven\.daemon\.v\d{1,3}$/;
/** Longer ones are told by their shape: no path and no message is, and nothing ends this process where it reads one for long. */
const longest = 16 * 1024;
/** Longer ones may be a PIN or a card. */
const smallNumber = /^-?\d{1,5}$/;
const marks = new RegExp(
  String.raw`^(?:\[REDACTED\]|${role}|<(?:title|labels)-\d{1,5}> of \d{1,5} characters|\u2039(?:line:\d{1,5} chars|(?:word|hex|digits|text):\d{1,5})(?: #\d{1,5})?\u203a)$`,
);
const decimal = /^-?\d{1,30}$|^pid:\[\d{1,12}\]$/;

/**
 * The only way into a bundle and into a JSON document: every key, every text and every line of a log passes here. A text
 * stays if it is known to be harmless: a word of ours, a message of a known program, or a typed value. Everything else becomes
 * a placeholder that shows its shape. So even a source that nobody thought of cannot leak.
 */
export function makeGate(options: GateOptions): Gate {
  const {
    words,
    reader = 'support',
    freeText = false,
    titles = false,
    payloads = false,
    strict = false,
    key,
  } = options;
  const namesFiles = reader === 'operator';
  // Numbers differ from run to run. Only placeholders within one bundle are comparable.
  const placeholders =
    key !== undefined
      ? keyedPlaceholders(key)
      : reader === 'support'
        ? makePlaceholders()
        : { of: placeholder, used: () => [] };
  const sessions = new Map<string, number>();
  const isKnown = (text: string): boolean =>
    words.has(text) ||
    states.has(text) ||
    contractKeys.has(text) ||
    marks.test(text) ||
    (key !== undefined && keyedMark.test(text));
  const id = (text: string): string =>
    reader !== 'support' && (uuid.test(text) || automationId.test(text) || runId.test(text)) ? text : token(text);
  const token = (text: string): string => {
    if (isKnown(text)) return text;
    if (key !== undefined) return placeholders.of(text);
    const number = sessions.get(text) ?? sessions.size + 1;
    sessions.set(text, number);
    return `<id-${number}>`;
  };
  /** Who looked at it before may have put a placeholder there. */
  const other = (text: string): string => (isKnown(text) ? text : placeholders.of(text));
  const paths = makePaths(other, id);
  const message = (text: string, asked: boolean): string =>
    asked
      ? text
      : strict
        ? placeholders.of(text)
        : knownParts(text, {
            path: namesFiles ? (path) => path : paths.path,
            // In free text, anything can have the form of an id.
            id: token,
            word: (word) =>
              isKnown(word) || isProgram(word) || isIdentifier(word) ? word : (plain(word) ?? placeholders.of(word)),
            other,
          });
  /** A text of a type of which no part can be chosen freely; null where it is none. */
  const plain = (text: string): string | null => {
    if (isTime(text) || [version, contractName, runId, smallNumber].some((type) => type.test(text))) return text;
    return uuid.test(text) ? token(text) : null;
  };

  const admit = (text: string, kind: TextKind): string => {
    if (text === '' || isKnown(text)) return text;
    if (strict && kind !== 'id' && kind !== 'decimal' && kind !== 'time') return placeholders.of(text);
    if (text.length > longest && !asked[kind]) return placeholders.of(text);
    if (namesFiles && (kind === 'name' || (kind === 'path' && path.test(text)))) return text;
    switch (kind) {
      case 'id':
        return id(text);
      case 'decimal':
        return decimal.test(text) ? text : placeholders.of(text);
      case 'time':
        return moment(text, placeholders.of);
      case 'name':
        return isIdentifier(text) ? text : paths.name(text);
      case 'identifier':
        return isIdentifier(text) || /^sqlite_autoindex_/.test(text) ? identifier(text) : placeholders.of(text);
      case 'sql':
        return statement(text, placeholders.of);
      case 'platform':
        return platform(text, placeholders.of);
      case 'title':
        return titles ? text : placeholders.of(text);
      case 'payload':
        return payloads ? text : placeholders.of(text);
      case 'message':
      case 'path':
      case 'text':
        return (
          plain(text) ??
          (isProgram(text) ? text : path.test(text) ? paths.path(text) : message(text, freeText && kind === 'message'))
        );
    }
  };
  /** What the operator asked for is as redaction left it. */
  const asked: Partial<Record<TextKind, boolean>> = { title: titles, payload: payloads, message: freeText };
  const identifier = (text: string): string => {
    const [, table = '', number = ''] = /^sqlite_autoindex_(.+)_(\d{1,4})$/.exec(text) ?? [];
    if (table === '') return isIdentifier(text) ? text : placeholders.of(text);
    return `sqlite_autoindex_${isIdentifier(table) ? table : placeholders.of(table)}_${number}`;
  };
  const isOwnKey = (key: string): boolean => words.has(key) || ownKeys.has(key);

  function ours(value: unknown, kind: TextKind): unknown {
    if (typeof value === 'string') return admit(value, kind);
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((item) => ours(item, kind));
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        if (key.startsWith('/api/')) return [admit(key, 'text'), answer(inner)];
        if (isOwnKey(key))
          return [key, ours(inner, kindOf(key) ?? (kind === 'identifier' || kind === 'platform' ? kind : 'text'))];
        // A variable key is a word of the same kind as its value.
        return [admit(key, kind), ours(inner, kind)];
      }),
    );
  }

  function typed(value: unknown, kind: TextKind): unknown {
    if (typeof value === 'string') return admit(value, kind);
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((item) => typed(item, kind));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, typed(inner, kindOf(key) ?? 'text')]));
  }

  const answer = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object') return ours(value, 'text');
    const { body, ...rest } = value as { body?: unknown };
    return { ...(ours(rest, 'text') as object), ...(body !== undefined && { body: contract(body) }) };
  };
  /** An answer of a daemon. Keys outside its contract are unknown texts. */
  function contract(value: unknown): unknown {
    if (typeof value === 'string') return admit(value, 'text');
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(contract);
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) =>
        contractKeys.has(key)
          ? [key, typeof inner === 'string' && key !== 'id' ? admit(inner, kindOf(key) ?? 'text') : contract(inner)]
          : [placeholders.of(key), outline(inner)],
      ),
    );
  }
  function outline(value: unknown): unknown {
    if (typeof value === 'string') return placeholders.of(value);
    if (typeof value === 'number') return '‹number›';
    if (Array.isArray(value)) return `‹list:${value.length}›`;
    return value !== null && typeof value === 'object' ? `‹object:${Object.keys(value).length}›` : value;
  }

  return {
    text: (text) => admit(text, 'text'),
    json: (value) => ({ [admitted]: true, value: ours(value, 'text') }),
    typed: <T>(value: T) => typed(value, 'text') as T,
    log: (text) =>
      freeText
        ? text
        : text
            .split('\n')
            .map((line) => logLine(line, (said) => message(said, false)))
            .join('\n'),
    used: placeholders.used,
  };
}

const path = new RegExp(`^(?:${role}|~|\\.{1,2})?/`);

/** Also matches programs such as `python3.11` and `coven-0.4.6`. */
const isProgram = (text: string): boolean =>
  programs.has(text) || programs.has(text.replace(/-?\d{1,2}(?:\.\d{1,2}){0,2}$/, ''));
