/** How many times hotter than V8's own default a function has to be before it is optimized. */
const patience = 16;

/**
 * Options of Node for a child that lives for about a second and may have so many megabytes of heap. In so short a time V8's optimizing
 * compiler costs more than it saves: it took a quarter of the processor time of packing a small bundle. A function that stays hot is
 * optimized all the same, a little later. Only what the V8 of a Node is known to understand is asked for: another option would end the child.
 */
export function shortLived(heapMegabytes: number): readonly string[] {
  return [`--max-old-space-size=${heapMegabytes}`, ...lateOptimization(process.versions.v8)];
}

/** Source: `node --v8-options` of Node 20 (V8 11.3), 22 (12.4), 24 (13.6) and 26 (14.6), with the defaults that they name. */
export function lateOptimization(v8: string): readonly string[] {
  const [major = 0, minor = 0] = v8.split('.').map(Number);
  if (major === 11 && minor === 3) return [`--interrupt-budget=${patience * 67_584}`];
  if ((major === 12 && minor >= 4) || major === 13 || major === 14)
    return [`--invocation-count-for-turbofan=${patience * 3000}`];
  return [];
}
