import { beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/internal.js';
import { deadLetters } from '../../../src/queues/bullmq/index.js';
import { FakeQueue } from './fake.js';

let dead = new FakeQueue();
beforeEach(() => {
  dead = new FakeQueue();
  opened = [];
});

/** Letters of so many jobs, the first of which failed first. */
async function fill(count: number, queue = 'mail', state = 'waiting'): Promise<void> {
  for (let i = 1; i <= count; i++) {
    dead.states.set(`dead-${queue}-${i}`, state);
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
  expect(await letters.list({ offset: 150 })).toEqual([]);
});

test('a page is made of whole numbers, and has no other options', async () => {
  const letters = deadLetters(dead);
  await expect(letters.list({ limit: Infinity })).rejects.toThrow(
    'limit is a whole number >= 0, got Infinity',
  );
  await expect(letters.list({ offset: -1 })).rejects.toThrow(RangeError);
  await expect(letters.purge({ olderThanMs: NaN })).rejects.toThrow(RangeError);
  await expect(letters.purge({ olderThan: 1 } as object)).rejects.toThrow(
    'olderThan: got 1; use olderThanMs',
  );
  expect(() => deadLetters(dead, { que: dead } as object)).toThrow(
    'que: got object; unknown name; the names are queue',
  );
});

test('letters are found where default options of their queue have put them', async () => {
  await fill(120);
  await fill(2, 'sms', 'prioritized');
  await fill(3, 'post', 'delayed');
  const letters = deadLetters(dead);
  const all = await letters.list({ limit: 500 });
  expect(all).toHaveLength(125);
  const tail = (await letters.list({ offset: 119, limit: 3 })).map(({ queue, id }) => queue + id);
  expect(tail).toEqual(['mail120', 'sms1', 'sms2']);
  expect((await letters.list({ offset: 121 })).map(({ queue, id }) => queue + id)).toEqual([
    'sms2',
    'post1',
    'post2',
    'post3',
  ]);
  const queue = new FakeQueue('post');
  expect(await deadLetters(dead, { queue }).redrive('3')).toBe(true);
  expect(await letters.purge()).toBe(124);
  expect(dead.entries.size).toBe(0);
});

describe('where several queues share a dead-letter queue', () => {
  const post = new FakeQueue('post');

  test('a queue lists its own letters only', async () => {
    await fill(105, 'sms');
    await fill(3, 'post');
    const letters = deadLetters(dead, { queue: post });
    expect((await letters.list()).map(({ queue, id }) => queue + id)).toEqual(['post1', 'post2', 'post3']);
    expect(await letters.list({ offset: 1, limit: 1 })).toMatchObject([{ queue: 'post', id: '2' }]);
  });

  test('a queue gets its own jobs back, and no others', async () => {
    await fill(3, 'sms');
    await fill(2, 'post');
    const letters = deadLetters(dead, { queue: post });
    expect(await letters.redrive('1')).toBe(true);
    expect([...dead.entries.keys()]).not.toContain('dead-post-1');
    expect(await letters.redrive('3')).toBe(false);
    expect(await letters.redrive('dead-sms-3')).toBe(false);
    expect(dead.entries.size).toBe(4);
    expect(post.entries.size).toBe(1);
  });

  test('a queue purges its own letters only', async () => {
    await fill(130, 'sms');
    await fill(130, 'post');
    expect(await deadLetters(dead, { queue: post }).purge({ olderThanMs: 1 })).toBe(130);
    expect(await deadLetters(dead, { queue: post }).purge()).toBe(0);
    expect(dead.entries.size).toBe(130);
  });
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

test('the job of a scheduler is put back under a name that BullMQ takes', async () => {
  const id = 'repeat:tenant:7:nightly:1760000000000';
  const letter = { queue: 'mail', name: 'w', payload: 0, id, enqueuedAtMs: 12 };
  const queue = new FakeQueue('mail');
  dead = new Sibling('mail-dead', {});
  for (const options of [{}, { queue }]) {
    await dead.add('w', letter, { jobId: 'dead-mail-repeat%3Atenant%3A7%3Anightly%3A1760000000000' });
    expect(await deadLetters(dead, options).redrive(id)).toBe(true);
  }
  expect([...queue.entries.keys()]).toEqual(['redrive-12-repeat%3Atenant%3A7%3Anightly%3A1760000000000']);
});

test('what is no letter is not put back', async () => {
  await dead.add('x', {}, { jobId: 'meta' });
  await dead.add('x', null, { jobId: 'nothing' });
  expect(await deadLetters(dead).redrive('meta')).toBe(false);
  expect(await deadLetters(dead).redrive('nothing')).toBe(false);
});

test('a letter stays when its job cannot be put back, and can be as soon as the trouble is over', async () => {
  await fill(1);
  const queue = new FakeQueue('mail');
  queue.trouble = new Error('READONLY');
  const letters = deadLetters(dead, { queue });
  await expect(letters.redrive('1')).rejects.toBe(queue.trouble);
  expect(dead.entries.size).toBe(1);
  queue.trouble = undefined;
  expect(await letters.redrive('1')).toBe(true);
});

test('of two who put a letter back at once, one does, and the other is told so', async () => {
  await fill(1);
  const queue = new FakeQueue('mail');
  const letters = deadLetters(dead, { queue });
  const done = await Promise.all([letters.redrive('1'), letters.redrive('1'), letters.redrive('1')]);
  expect(done.filter(Boolean)).toHaveLength(1);
  expect(queue.options).toHaveLength(1);
});

test('a letter that somebody writes notes about can be put back, and so can one whose redrive died', async () => {
  await fill(2);
  const letters = deadLetters(dead, { queue: new FakeQueue('mail') });
  await dead.addJobLog('dead-mail-1', 'Looked into it: bad address');
  expect(await letters.redrive('1')).toBe(true);

  await dead.addJobLog('dead-mail-2', `Redrive begun at ${Date.now() - 5_000} (1)`);
  expect(await letters.redrive('2')).toBe(false);
  const later = vi.spyOn(systemClock, 'wallNow').mockReturnValue(Date.now() + 6_000);
  expect(await letters.redrive('2')).toBe(true);
  later.mockRestore();
});

test('a claim that cannot be made is no answer', async () => {
  await fill(1);
  const trouble = new Error('READONLY');
  dead.addJobLog = () => Promise.reject(trouble);
  await expect(deadLetters(dead, { queue: new FakeQueue('mail') }).redrive('1')).rejects.toBe(trouble);
});

test('without a queue to put it into, one is opened beside the letters, and closed again', async () => {
  const defaultJobOptions = { lifo: true, stackTraceLimit: 0 };
  dead = new Sibling('mail-dead', { connection: 'here', defaultJobOptions });
  opened = [];
  await fill(1);
  expect(await deadLetters(dead).redrive('1')).toBe(true);
  expect(opened).toMatchObject([{ name: 'mail', opts: { connection: 'here' }, isOpen: false }]);
  expect(opened[0]?.entries.has('redrive-1001-1')).toBe(true);
  // What holds for the letters is not for the jobs.
  expect(opened[0]?.opts).toMatchObject({ defaultJobOptions: undefined, skipMetasUpdate: true });
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
