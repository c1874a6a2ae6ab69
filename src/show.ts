/** A value as a message shows it: on one line, cut where it is long, and never by calling the value's own code. */
export function show(value: unknown, _index?: number, list?: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value).slice(0, 60);
  if (Object(value) !== value) return String(value);
  if (list || !Array.isArray(value)) return typeof value;
  return `[${value.map(show).join(', ')}]`.slice(0, 60);
}
