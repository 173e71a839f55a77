import type { MachineFacts } from './protocol.ts';

/** `flags` in which a processor of Intel or AMD says that it runs virtual machines. */
const virtualization = /^flags\s*:.* (?:vmx|svm)(?: |$)/m;

/**
 * Processor and memory as /proc tells them, where every diagnosis finds them for nothing: asking programs takes a
 * process and six more of its own. What `read` cannot read is missing. Source: proc(5).
 */
export function readMachine(read: (path: string) => string | null): Partial<MachineFacts> {
  const [cpu, memory] = [cpuOf(read('/proc/cpuinfo')), memoryOf(read('/proc/meminfo'))];
  return { ...(cpu && { cpu }), ...(memory && { memory }) };
}

function cpuOf(text: string | null): MachineFacts['cpu'] | null {
  if (text === null) return null;
  const processors = text.split(/\n\n+/).filter((part) => /^processor\s*:/m.test(part));
  // Arm names no model, and neither sockets nor cores.
  const brand = field(text, 'model name') ?? field(text, 'Hardware') ?? field(text, 'uarch') ?? '';
  const physical = new Set(
    processors.map((part, index) => {
      const [socket, core] = [field(part, 'physical id'), field(part, 'core id')];
      return socket === null || core === null ? `processor ${index}` : `${socket} ${core}`;
    }),
  );
  return {
    brand: brand.replace(/\((?:R|TM)\)/gi, '').replace(/\s+/g, ' '),
    cores: processors.length,
    physicalCores: physical.size,
    virtualization: virtualization.test(text),
  };
}

function memoryOf(text: string | null): MachineFacts['memory'] | null {
  if (text === null) return null;
  const bytes = (name: string): number => 1024 * Number(/^\d+/.exec(field(text, name) ?? '')?.[0] ?? 0);
  return {
    total: bytes('MemTotal'),
    available: bytes('MemAvailable'),
    swaptotal: bytes('SwapTotal'),
    swapused: bytes('SwapTotal') - bytes('SwapFree'),
  };
}

/** What stands behind the first colon of the first line of that name. */
function field(text: string, name: string): string | null {
  const line = text
    .split('\n')
    .find((line) => line.startsWith(name) && line.slice(name.length).trimStart().startsWith(':'));
  return line?.slice(line.indexOf(':') + 1).trim() || null;
}
