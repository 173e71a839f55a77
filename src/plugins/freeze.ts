/** Freezes `value` deeply. For plain JSON only. */
export function freeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}
