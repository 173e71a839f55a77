/** The output that the payload of an event holds; null where it is an event of another kind. */
export function outputOf(payload: string | null): string | null {
  try {
    const value: unknown = JSON.parse(payload ?? 'null');
    const data = value !== null && typeof value === 'object' && 'data' in value ? value.data : null;
    return typeof data === 'string' ? data : null;
  } catch {
    return null;
  }
}
