import { beforeEach, expect, test } from 'vitest';
import { deadLetters } from '../../../src/queues/bullmq/index.js';
import { FakeQueue } from './fake.js';

let dead = new FakeQueue();
beforeEach(() => {
  dead = new FakeQueue();
  opened = [];
});

/** Letters of so many jobs, the first of which failed first. */
async function fill(count: number, queue = 'mail'): Promise<void> {
  for (let i = 1; i <= count; i++) {
    const letter = {
      queue,
      name: 'welcome',
      payload: { n: i },
      id: String(i),
      lastFailedAtMs: i,
      enqueuedAtMs: 1_000 + i,
    };
    await dead.add('welcome', letter, { jobId: `dead-${queue}-${i}` });
  }
}

let opened: Sibling[] = [];
/** The class the adapter opens a queue of another name with. */
class Sibling extends FakeQueue {
  isOpen = true;
  constructor(name: string, opts: object) {
    super(name, opts);
    opened.push(this);
  }
  async close(): Promise<void> {
    this.isOpen = false;
  }
}

test('letters are listed oldest first, a page at a time', async () => {
  await fill(150);
  const letters = deadLetters(dead);
  expect((await letters.list()).map(({ id }) => Number(id))).toEqual(
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
  expect((await letters.list({ limit: 2, offset: 100 })).map(({ id }) => id)).toEqual(['101', '102']);
  expect(await letters.list({ limit: 0 })).toEqual([]);
});

test('a job is put back under a name of its own, and its letter is gone', async () => {
  await fill(250);
  const queue = new FakeQueue('mail');
  const letters = deadLetters(dead, { queue });
  expect(await letters.redrive('249')).toBe(true);
  expect(await letters.redrive('dead-mail-3')).toBe(true);
  expect(await letters.redrive('no such job')).toBe(false);
  expect([...queue.entries]).toEqual([
    ['redrive-1249-249', { name: 'welcome', data: { n: 249 } }],
    ['redrive-1003-3', { name: 'welcome', data: { n: 3 } }],
  ]);
  expect(dead.entries.size).toBe(248);

  await dead.add(
    'welcome',
    { queue: 'mail', name: 'w', payload: 0, id: 'redrive-9-a-b', enqueuedAtMs: 12 },
    { jobId: 'dead-mail-x' },
  );
  await letters.redrive('redrive-9-a-b');
  expect(queue.entries.has('redrive-12-a-b')).toBe(true);
});

test('a letter stays when its job cannot be put back', async () => {
  await fill(1);
  const queue = new FakeQueue('mail');
  queue.trouble = new Error('READONLY');
  await expect(deadLetters(dead, { queue }).redrive('1')).rejects.toBe(queue.trouble);
  expect(dead.entries.size).toBe(1);
});

test('without a queue to put it into, one is opened beside the letters, and closed again', async () => {
  dead = new Sibling('mail-dead', { connection: 'here' });
  opened = [];
  await fill(1);
  expect(await deadLetters(dead).redrive('1')).toBe(true);
  expect(opened).toMatchObject([{ name: 'mail', opts: { connection: 'here' }, isOpen: false }]);
  expect(opened[0]?.entries.has('redrive-1001-1')).toBe(true);
});

test('purge removes all letters, or those that are old enough', async () => {
  await fill(230);
  const recent = { queue: 'mail', id: 'recent', lastFailedAtMs: Date.now() };
  await dead.add('welcome', recent, { jobId: 'dead-mail-recent' });
  const letters = deadLetters(dead);
  expect(await letters.purge({ olderThanMs: 60_000 })).toBe(230);
  expect((await letters.list()).map(({ id }) => id)).toEqual(['recent']);
  expect(await letters.purge()).toBe(1);
  expect(await letters.purge()).toBe(0);
});
