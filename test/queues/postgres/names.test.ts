import { describe, expect, test } from 'vitest';
import { tableQueue } from '../../../src/queues/postgres/table.js';

const refused = (options: unknown): string => {
  try {
    tableQueue(options as { table: string });
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as Error).message;
  }
  return 'accepted';
};

describe('names', () => {
  test.each([
    ['nothing', undefined],
    ['a number', 7],
    ['an empty name', ''],
    ['NUL', 'a\0b'],
    ['a line break', 'a\nb'],
    ['half of a surrogate pair', 'a\uD800'],
    ['an empty schema', '.jobs'],
    ['three parts', 'db.app.jobs'],
  ])('a table is refused if its name is %s', (_what, table) => {
    expect(refused({ table })).toMatch(/table/);
  });

  test('a table whose derived names PostgreSQL would cut is refused', () => {
    expect(refused({ table: 'x'.repeat(57) })).toBe('accepted');
    expect(refused({ table: 'x'.repeat(58) })).toMatch(/at most 57 bytes/);
    expect(refused({ table: 'é'.repeat(29) })).toMatch(/at most 57 bytes/);
  });

  test('a table and its schema are quoted each on its own', () => {
    const { text } = tableQueue({ table: 'My App.Jobs', dead: 'attic.dead' }).complete({ id: '1', fence: 1 });
    expect(text).toContain('update "My App"."Jobs" as j');
    expect(tableQueue({ table: 'My App.Jobs' }).dead('q', 1, 0).text).toContain('from "My App"."Jobs_dead"');
  });

  test('an option there is not is refused', () => {
    expect(refused({ ded: 'x', table: 'jobs' })).toBe('ded: got "x"; use dead');
    expect(refused(undefined)).toMatch(/^table is a name .*, got undefined$/);
    expect(refused('jobs')).toBe(
      'options of tableQueue: got "jobs"; expected a plain object, such as { table }',
    );
    expect(() => tableQueue({ table: 'jobs' }).add('mail', 1, { delay: 5 } as object)).toThrow(
      'delay: got 5; use delayMs',
    );
  });

  test('the dead letters need a table of their own', () => {
    expect(refused({ table: 'jobs', dead: 'jobs' })).toMatch(/same table/);
  });

  test.each([
    ['an unknown column', { colour: 'x' }, /colour.*it has id, queue/],
    ['an empty name', { id: '' }, /columns\.id/],
    ['one name for two columns', { fence: 'n', attempt: 'n' }, /both "n"/],
    ['one of our names for another column', { fence: 'attempt' }, /both "attempt"/],
  ])('columns are refused with %s', (_what, columns, reason) => {
    expect(refused({ table: 'jobs', columns })).toMatch(reason);
  });

  test.each(['', 'a\0b', '\uDC00', 'x'.repeat(256), 7, undefined])(
    'a queue is refused if it is called %j',
    (name) => {
      const q = tableQueue({ table: 'jobs' });
      const queue = name as string;
      for (const build of [
        () => q.add(queue, 1),
        () => q.claim(queue, 1, 'w', 1),
        () => q.nextDue(queue),
        () => q.redrive(queue, '1'),
        () => q.purge(queue, 0),
        () => q.dead(queue, 1, 0),
      ]) {
        expect(build).toThrow(/queue has a name/);
      }
    },
  );

  test('the name of a queue is only ever a parameter', () => {
    const q = tableQueue({ table: 'jobs' });
    const queue = `'; drop table jobs; --`;
    const job = { id: queue, fence: 1 };
    for (const { text } of [
      q.add(queue, queue),
      q.claim(queue, 1, queue, 1),
      q.nextDue(queue),
      q.redrive(queue, queue),
      q.purge(queue, 0),
      q.dead(queue, 1, 0),
      q.complete(job),
      q.retry(job, 1, { error: queue }),
      q.bury(job, 'stalled', { error: queue }),
      q.release(job),
      q.heartbeat(job, 1),
    ]) {
      expect(text).not.toContain('drop table');
    }
  });

  test.each([-1, 0.5, NaN, Infinity, '5', 2 ** 53])('a delay of %s ms is refused', (delayMs) => {
    const q = tableQueue({ table: 'jobs' });
    expect(() => q.retry({ id: '1', fence: 1 }, delayMs as number)).toThrow(/delayMs/);
    expect(() => q.add('mail', 1, { delayMs: delayMs as number })).toThrow(/delayMs/);
  });

  test.each([0, -1, 1.5, NaN, Infinity])('a limit or lease of %s is refused', (n) => {
    const q = tableQueue({ table: 'jobs' });
    expect(() => q.claim('mail', n, 'w', 1)).toThrow(/limit/);
    expect(() => q.claim('mail', 1, 'w', n)).toThrow(/leaseMs/);
    expect(() => q.heartbeat({ id: '1', fence: 1 }, n)).toThrow(/leaseMs/);
  });
});
