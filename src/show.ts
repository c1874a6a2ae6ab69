/** A value as a message shows it: short, on one line, and never by calling the value's own code. */
export function show(value: unknown): string {
  if (Array.isArray(value))
    return `[${value.slice(0, 4).map(showAtom).join(', ')}${value.length > 4 ? ', …' : ''}]`;
  return showAtom(value);
}

function showAtom(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}
