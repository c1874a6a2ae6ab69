/** The third form of RFC 9110, which is UTC without saying so. It is turned into the first. */
const ASCTIME = /^([a-z]{3}) ([a-z]{3}) ([ \d]?\d) ([\d:]+) (\d{4})$/i;

/** IMF-fixdate and RFC 850 (which differ in separators, weekday and length of the year), or RFC 3339 with a zone. */
const INSTANT =
  /^(?:[a-z]{3,9}, ?( ?\d\d?)[ -]([a-z]{3})[ -](\d\d(?:\d\d)?) |(\d{4})-(\d\d)-(\d\d)T)([01]\d|2[0-3]):([0-5]\d):((?:[0-5]\d|60)(?:\.\d+)?) ?(?:Z|GMT|UTC?|([+-]\d\d):?([0-5]\d))$/i;

const MONTHS = '01jan02feb03mar04apr05may06jun07jul08aug09sep10oct11nov12dec';

/**
 * The instant, in epoch ms, that an HTTP-date (RFC 9110, 5.6.7: all three forms) or an RFC 3339 date-time means; NaN if
 * the text is neither. The weekday is not checked, a leap second is the next second, a day that does not exist is
 * refused. `nowMs` decides on two-digit years only: they lie in (now - 50 years, now + 50 years].
 *
 * `Date.parse` would guess, read asctime in local time, turn 31 February into March, and fix the two-digit years. The
 * patterns are anchored and match a text in one way only, so that a hostile one fails in linear time.
 */
export function parseHttpDate(text: string, nowMs: number): number {
  // Only asctime has a space there, so the others are spared the look. (Far faster than `replace`.)
  const asctime = text[3] === ' ' ? ASCTIME.exec(text) : null;
  const fields = INSTANT.exec(
    asctime ? `${asctime[1]}, ${asctime[3]} ${asctime[2]} ${asctime[5]} ${asctime[4]} GMT` : text,
  );
  if (!fields) return NaN;
  const year = fields[4] ?? fields[3]!;
  const month = fields[5] ?? fields[2]!;
  const day = fields[6] ?? fields[1]!;
  const monthIndex = Math.floor(MONTHS.indexOf(month.toLowerCase()) / 5);
  const zoneHour = fields[10] ?? '+0';
  const minutes = (+fields[7]! - +zoneHour) * 60 + +fields[8]! - +(zoneHour[0]! + (fields[11] ?? 0));
  const inDayMs = minutes * 60_000 + +fields[9]! * 1000;
  if (year.length > 2) return midnight(+year, monthIndex, +day) + inDayMs;
  const limit = new Date(nowMs);
  const lastYear = limit.getUTCFullYear() + 50;
  const fullYear = lastYear - ((lastYear - +year) % 100);
  const instant = midnight(fullYear, monthIndex, +day) + inDayMs;
  return instant > limit.setUTCFullYear(lastYear)
    ? midnight(fullYear - 100, monthIndex, +day) + inDayMs
    : instant;
}

/** The calendar repeats itself after so many years, and so many ms. */
const CYCLE_YEARS = 400;
const CYCLE_MS = 146_097 * 86_400_000;

/** The start of a day in epoch ms; NaN for a day that does not exist. */
function midnight(year: number, monthIndex: number, day: number): number {
  // One cycle later: Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const ms = Date.UTC(year + CYCLE_YEARS, monthIndex, day);
  // A day that does not exist has become one of another month.
  return new Date(ms).getUTCMonth() === monthIndex ? ms - CYCLE_MS : NaN;
}
