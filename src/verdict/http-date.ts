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
  const fields = INSTANT.exec(text.replace(ASCTIME, '$1, $3 $2 $5 $4 GMT'));
  if (!fields) return NaN;
  const [, imfDay, imfMonth, imfYear, year = imfYear!, month = imfMonth!, day = imfDay!] = fields;
  const [hour, minute, second, zoneHour = '+0', zoneMinute = 0] = fields.slice(7);
  const monthIndex = Math.floor(MONTHS.indexOf(month.toLowerCase()) / 5);
  const minutes = (+hour! - +zoneHour) * 60 + +minute! - +(zoneHour[0]! + zoneMinute);
  const inYear = (fullYear: number): number => {
    // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
    const date = new Date(0);
    date.setUTCFullYear(fullYear, monthIndex, +day);
    // A day that does not exist has become one of another month.
    return date.getUTCMonth() === monthIndex ? +date + minutes * 60_000 + +second! * 1000 : NaN;
  };
  if (year.length > 2) return inYear(+year);
  const limit = new Date(nowMs);
  const lastYear = limit.getUTCFullYear() + 50;
  const fullYear = lastYear - ((lastYear - +year) % 100);
  return inYear(inYear(fullYear) > limit.setUTCFullYear(lastYear) ? fullYear - 100 : fullYear);
}
