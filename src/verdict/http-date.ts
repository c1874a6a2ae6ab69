/** The third form of RFC 9110, which is UTC without saying so. It is turned into the first. */
const ASCTIME = /^([a-z]{3}) ([a-z]{3}) ([ \d]?\d) ([\d:]+) (\d{4})$/i;

/** IMF-fixdate and RFC 850 (which differ in separators, weekday and length of the year), or RFC 3339 with a zone. */
const INSTANT =
  /^(?:[a-z]{3,9}, ?( ?\d\d?)[ -]([a-z]{3})[ -](\d\d(?:\d\d)?) |(\d{4})-(\d\d)-(\d\d)T)([01]\d|2[0-3]):([0-5]\d):((?:[0-5]\d|60)(?:\.\d+)?) ?(?:Z|GMT|UTC?|([+-](?:[01]\d|2[0-3])):?([0-5]\d))$/i;

const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec';

/**
 * The instant, in epoch ms, that an HTTP-date (RFC 9110, 5.6.7: all three forms) or an RFC 3339 date-time means; NaN if
 * the text is neither. The weekday is not checked, a leap second is the next second, a day that does not exist is
 * refused. `nowMs` decides on two-digit years only: they lie in (now - 50 years, now + 50 years].
 *
 * `Date.parse` would guess, read asctime in local time, turn 31 February into March, and fix the two-digit years. The
 * patterns are anchored and match a text in one way only, so that a hostile one fails in linear time.
 */
export function parseHttpDate(text: string, nowMs: number): number {
  // Only asctime has a space there, and the others are spared the look. (Far faster than `replace`.)
  const asctime = text[3] === ' ' && ASCTIME.exec(text);
  const fields = INSTANT.exec(
    asctime ? `${asctime[1]}, ${asctime[3]} ${asctime[2]} ${asctime[5]} ${asctime[4]} GMT` : text,
  );
  if (!fields) return NaN;
  const [, day1, month1, year1, year2, month2, day2, hour, minute, second, zone = '+0', zoneMinute = 0] =
    fields;
  const year = year1 ?? year2!;
  // Of what is no month, a fraction: no month of a date is equal to it.
  const monthIndex = month2 ? +month2 - 1 : MONTHS.indexOf(month1!.toLowerCase()) / 3;
  const instantIn = (fullYear: number): number => {
    // Not by Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
    const date = new Date(0);
    date.setUTCFullYear(fullYear, monthIndex, +(day1 ?? day2)!);
    // A day that does not exist has become one of another month.
    if (date.getUTCMonth() !== monthIndex) return NaN;
    return date.setUTCHours(+hour! - +zone, +minute! - +(zone[0]! + zoneMinute)) + +second! * 1000;
  };
  if (year.length > 2) return instantIn(+year);
  const limit = new Date(nowMs);
  const lastYear = limit.getUTCFullYear() + 50;
  const fullYear = lastYear - ((lastYear - +year) % 100);
  const instant = instantIn(fullYear);
  return instant > limit.setUTCFullYear(lastYear) ? instantIn(fullYear - 100) : instant;
}
