import { manifestUnit } from '../bundle/pack.ts';
import { type OneChild, oneChild } from '../child/one-child.ts';
import type { Hit } from '../redaction/proof.ts';
import { lineOf, messageOf, type Packed, type PackMessage, type PackRequest, type ProveRequest } from './protocol.ts';

/** Packs and scans bundles in a process of its own. Throws the signal's reason if the user ends the run. */
export interface Packer {
  /** The bundle without parts that could not be processed; `hits` if there can be no bundle at all. */
  readonly pack: (request: Omit<PackRequest, 'do' | 'givenUp'>) => Promise<Packed | { readonly hits: readonly Hit[] }>;
  /** Scans a written bundle. A member that cannot be scanned counts as not proven. */
  readonly prove: (path: string, forbidden: readonly string[]) => Promise<readonly Hit[]>;
  readonly end: () => Promise<void>;
}

/** Seconds for one member. A log of a megabyte takes a second on an idle machine. */
export const unitSeconds = 30;
/** Seconds for the start of a process on a busy machine. */
const startSeconds = 120;
/** Seconds for a whole request. */
const wholeSeconds = 180;
/** Most units that are omitted one by one, each after a restart of the process. */
const mostGivenUp = 4;

/** Bytes of memory: about ten times what a log of a megabyte needs. */
const memoryBytes = 400 * 1024 ** 2;
const heapMegabytes = 256;

/** The unit at which a process stopped, and why. */
interface Lost {
  readonly unit: string;
  readonly why: string;
}

/** The process that packs bundles. It reads texts as well (`src/host/texts.ts`): a bundle needs no second process for that. */
export const packProcess = (): OneChild => oneChild('pack', memoryBytes, heapMegabytes);

/** Starts the process at once, so that it is ready when everything is gathered. */
export function startPacker(signal: AbortSignal, packing: OneChild = packProcess()): Packer {
  packing.start();
  const givenUp = new Map<string, string>();

  /** Sends a request and returns the answer, or the unit at which the process was lost. */
  const ask = (request: PackRequest | ProveRequest): Promise<PackMessage | Lost> =>
    packing.ask(async (child) => {
      const end = performance.now() + wholeSeconds * 1000;
      let unit: string | null = null;
      child.tell(lineOf(request));
      for (;;) {
        const line = await child.line(
          Math.min((unit === null ? startSeconds : unitSeconds) * 1000, end - performance.now()),
          signal,
        );
        if (typeof line === 'object') {
          const message = messageOf<PackMessage>(line.text);
          if ('begun' in message) unit = message.begun;
          else if (!('threw' in message)) return message;
          else return { unit: unit ?? manifestUnit, why: `work on it failed (${message.threw})` };
          continue;
        }
        const how = child.describe();
        await packing.giveUp(child);
        signal.throwIfAborted();
        const at = unit ?? manifestUnit;
        if (line === 'late') return { unit: at, why: `work on it took longer than ${unitSeconds} s` };
        return { unit: at, why: `the process that worked on it ${how}; it may use ${memoryBytes / 1024 ** 2} MiB` };
      }
    });

  return {
    pack: async (request) => {
      for (;;) {
        const answer = await ask({ ...request, do: 'pack', givenUp });
        if ('packed' in answer) return answer.packed ?? { hits: request.found.at(-1) ?? [] };
        if (!('unit' in answer)) throw new TypeError('no answer to what was asked');
        if (givenUp.has(answer.unit) || givenUp.size === mostGivenUp || answer.unit === manifestUnit)
          return { hits: [{ member: answer.unit, rule: answer.why }] };
        givenUp.set(answer.unit, answer.why);
      }
    },
    prove: async (path, forbidden) => {
      const answer = await ask({ do: 'prove', path: seenFromChild(path), forbidden });
      if ('hits' in answer) return answer.hits;
      return 'unit' in answer ? [{ member: answer.unit, rule: answer.why }] : [];
    },
    end: packing.end,
  };
}

/** A path through our open folder, which also works for another process. */
const seenFromChild = (path: string): string => path.replace(/^\/proc\/self\//, `/proc/${process.pid}/`);
