/** A value as a message shows it: on one line, cut where it is long, and never by calling the value's own code. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value).slice(0, 60);
  if (Object(value) !== value) return String(value);
  if (!Array.isArray(value)) return typeof value;
  const entries = value.map((entry) => (Array.isArray(entry) ? 'object' : show(entry)));
  return `[${entries.join(', ')}]`.slice(0, 60);
}
