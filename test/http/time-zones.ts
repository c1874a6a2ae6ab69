import { afterAll, beforeAll, describe, expect } from 'vitest';

/** Declares the same tests under three local times: nothing of ours may depend on them. */
export function inEveryTimeZone(declare: () => void): void {
  describe.each([
    ['UTC', 0],
    ['America/New_York', 300],
    ['Asia/Tokyo', -540],
  ])('in %s', (zone, minutesBehind) => {
    const before = process.env['TZ'];
    beforeAll(() => {
      process.env['TZ'] = zone;
      expect(new Date(0).getTimezoneOffset()).toBe(minutesBehind);
    });
    afterAll(() => {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    });
    declare();
  });
}
