/**
 * One header field as text: several lines are joined by commas, a finite number (wrappers and mocks have them) is
 * printed, anything else is ''.
 */
export const fieldText = (value: unknown): string =>
  // Nearly always, and the rest is slow.
  typeof value === 'string' ? value : [value].flat().map(lineText).join();

// From 1e21 on a number would print with an exponent, which no field has.
const lineText = (line: unknown): string | number =>
  typeof line === 'string' ? line : Number.isFinite(line) ? Math.min(line as number, 1e20) : '';

/**
 * The text of one header (its name in lower case), '' if it is absent. Whatever holds headers will do: if there is a
 * `get`, it is asked, else the keys are compared in any case. What throws when it is read is as good as absent.
 */
export function fieldOf(headers: unknown, name: string): string {
  try {
    const holder = headers as { get?: unknown } & Record<string, unknown>;
    return fieldText(
      typeof holder.get === 'function'
        ? holder.get(name)
        : Object.keys(holder).flatMap((key) => (key.toLowerCase() === name ? holder[key] : [])),
    );
  } catch {
    return '';
  }
}

/**
 * Without the white space around it (SP, HTAB, CR, LF), and '' if any other character outside of printable ASCII is
 * there: `trim` alone would also remove no-break spaces and byte order marks, and read "\u00a0120" as 120.
 */
export const trimmed = (text: string): string => (/[^\t\r\n -~]/.test(text) ? '' : text.trim());

/** Whole, not negative, and safe to calculate with: rounded up, so that nobody comes back early. NaN stays NaN. */
export const wholeMs = (ms: number): number => Math.min(Math.max(0, Math.ceil(ms)), Number.MAX_SAFE_INTEGER);

/**
 * A plain decimal number, times 10^exponent, as whole ms. NaN for whatever else: signs, exponents, hex, units, digits
 * of other scripts, `.5`, `5.`, Infinity.
 */
export const decimal = (text: string, exponent: number): number =>
  // The point is moved in the text: 64.57 * 1000 is not 64570.
  /^\d+(?:\.\d+)?$/.test(text) ? wholeMs(Number(`${text}e${exponent}`)) : NaN;
