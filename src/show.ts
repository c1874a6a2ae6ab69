/** A text as a message shows it: cut where it is long. */
const cut = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);

/** A value as a message shows it: on one line, cut where it is long, and never by calling the value's own code. */
export function show(value: unknown): string {
  // Cut before as well: the text may be of any length.
  if (typeof value === 'string') return cut(JSON.stringify(value.slice(0, 60)));
  if (Object(value) !== value) return cut(String(value));
  if (!Array.isArray(value)) return typeof value;
  const entries = value.slice(0, 60).map((entry) => (Array.isArray(entry) ? 'object' : show(entry)));
  return cut(`[${entries.join(', ')}]`);
}
