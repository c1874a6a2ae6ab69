// BullMQ under a policy, on a real Redis: flaky jobs, a hint, a worker killed in the middle of its work, and the dead
// letters in the end. Everything that is told is checked. `npm run demo:queues`
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Queue, Worker } from 'bullmq';
import { definePolicy, delayFor, permanent, seeded } from 'ostinato';
import { deadLetters, processor, workerOptions } from 'ostinato/bullmq';
import { bold, dim, green, isLive, red, yellow } from './paint.mjs';

const policy = definePolicy({ maxRetries: 3, baseDelayMs: 400, jitter: 'equal', attemptTimeoutMs: 5_000 });
/** How soon a job of a dead worker is taken over; 30 s unless told otherwise, too long for a demo. */
const LEASE_MS = 1_500;

/** What the jobs do, attempt by attempt; the last thing again and again. */
const jobs = {
  'welcome ada': ['ok'],
  'welcome bob': ['reset', 'ok'],
  'invoice cyd': ['reset', 'reset', 'ok'],
  'invoice dan': ['busy', 'ok'],
  'report eve': ['long', 'ok'],
  'charge fay': ['declined'],
  'webhook gus': ['reset'],
};

/** A worker process: one wrapper, and the code that enqueues says nothing about retries. */
async function work(url, name) {
  const connection = { url, maxRetriesPerRequest: null };
  const queue = new Queue(name, { connection });
  const worker = new Worker(
    name,
    processor(
      policy,
      async (job, { attempt }) => {
        process.send({ what: 'begin', name: job.name, attempt });
        const steps = jobs[job.name];
        await act(steps[Math.min(attempt, steps.length) - 1]);
      },
      {
        queue,
        deadLetter: new Queue(`${name}-dead`, { connection }),
        onAttempt({ job, attempt, outcome, delayMs, reason }) {
          const what = outcome === 'stalled' ? 'killed' : outcome;
          process.send({ what, name: job.name, attempt, delayMs, reason });
        },
      },
    ),
    {
      connection,
      concurrency: 5,
      ...workerOptions(policy),
      lockDuration: LEASE_MS,
      stalledInterval: LEASE_MS / 2,
    },
  );
  worker.on('error', () => undefined);
  await worker.waitUntilReady();
  process.send({ what: 'ready' });
}

async function act(step) {
  await sleep(step === 'long' ? 3_000 : 120);
  if (step === 'reset') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  if (step === 'declined') throw permanent(new Error('card declined'));
  if (step === 'busy') {
    const response = { status: 503, headers: { 'retry-after': '1' } };
    throw Object.assign(new Error('busy, come back in a second'), { response });
  }
}

async function play() {
  const server = await redis();
  if (!server) return;
  const connection = { url: server.url };
  const queue = new Queue(server.name, { connection });
  const dead = new Queue(`${server.name}-dead`, { connection });
  const workers = [];
  const table = new Table(Object.keys(jobs));
  let isOver = false;
  try {
    print(bold('BullMQ on a real Redis, under one policy'));
    print(dim('  3 retries, 400 ms x 2, spread over [0.5, 1]; two worker processes'));
    print('');
    const isDone = new Promise((resolve) => {
      const hear = (worker) => (event) => {
        if (event.what === 'ready') return;
        table.tell({ ...event, pid: worker.pid });
        // The first who writes the long report dies of it.
        if (event.name === 'report eve' && event.attempt === 1 && event.what === 'begin') {
          setTimeout(() => {
            table.killed(worker.pid);
            worker.kill('SIGKILL');
          }, 400);
        }
        if (table.isOver) resolve();
      };
      for (let i = 0; i < 2; i++) {
        const worker = fork(fileURLToPath(import.meta.url), ['work', server.url, server.name]);
        worker.on('message', hear(worker));
        workers.push(worker);
      }
    });
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    await queue.addBulk(Object.keys(jobs).map((name) => ({ name, data: {} })));
    await Promise.race([isDone, sleep(25_000, undefined, { ref: false })]);
    isOver = true;
    assert.ok(table.isOver, 'The jobs have not ended within 25 s');
    table.end();
    await settled(queue);

    const letters = await deadLetters(dead).list();
    print('');
    print(bold('  Dead letters'));
    for (const { name, reason, attempts, lastError, history } of letters) {
      print(`  ${name.padEnd(13)} ${red(reason)} after ${attempts}: ${lastError.message}`);
      print(
        dim(`  ${' '.repeat(13)} ${history.map(({ outcome, delayMs }) => delayMs ?? outcome).join(' · ')}`),
      );
    }
    await check(queue, letters, table);
    print('');
    print(
      green(`  ${table.names.length} jobs: none lost, none over, a crash counted, every delay as foretold.`),
    );
  } finally {
    if (!isOver) table.end();
    for (const worker of workers) worker.kill('SIGKILL');
    await Promise.all([queue.close(), dead.close()]);
    await server.stop();
  }
}

/** A worker tells what follows before it tells the queue. */
async function settled(queue) {
  for (let tries = 0; tries < 200; tries++) {
    const { completed, failed } = await queue.getJobCounts('completed', 'failed');
    if (completed + failed === Object.keys(jobs).length) return;
    await sleep(25);
  }
  assert.fail('Some jobs were not settled');
}

/** Everything the demo claims. */
async function check(queue, letters, { rows }) {
  const ended = (name) => rows.get(name).at(-1).what;
  assert.deepEqual(letters.map(({ name, reason, attempts }) => [name, reason, attempts]).toSorted(), [
    ['charge fay', 'not-retryable', 1],
    ['webhook gus', 'retries-exhausted', 4],
  ]);
  for (const name of Object.keys(jobs)) {
    assert.equal(ended(name), letters.some((letter) => letter.name === name) ? 'dead' : 'done');
  }
  assert.equal(rows.get('report eve')[0].what, 'killed');
  assert.equal(rows.get('report eve')[1].attempt, 2);
  assert.ok(rows.get('invoice dan')[0].delayMs >= 1_000);
  // Delays come from the policy, the queue and the id alone: anybody can compute them, before or after.
  for (const job of await queue.getJobs(['completed', 'failed'])) {
    for (const { what, attempt, delayMs } of rows.get(job.name)) {
      if (what !== 'retry' || job.name === 'invoice dan') continue;
      assert.equal(delayMs, delayFor(policy, attempt, seeded(`${queue.name}:${job.id}`)));
    }
  }
}

/** The server of REDIS_URL, one of our own, or none: then it says why. */
async function redis() {
  const url = process.env['REDIS_URL'];
  // Somebody else's server: a name that nobody has.
  if (url) return { url, name: `ostinato-demo-${Date.now()}`, stop: async () => undefined };
  try {
    const { startRedis } = await import('../.cache/servers/redis.mjs');
    const server = await startRedis();
    return { url: server.url, name: 'mail', stop: () => server.stop() };
  } catch (error) {
    print(yellow(`Not run: ${error.message}. Install redis-server, or set REDIS_URL.`));
    return undefined;
  }
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

/** What happened to each job, redrawn with every event; in a pipe it is drawn once, in the end. */
class Table {
  rows;
  #height = 0;

  constructor(names) {
    this.names = names;
    this.rows = new Map(names.map((name) => [name, []]));
  }

  tell({ name, attempt, ...event }) {
    const attempts = this.rows.get(name);
    // A worker that is killed may take the news of an attempt with it; the attempt counts all the same.
    for (let lost = attempts.length + 1; lost < attempt; lost++)
      attempts.push({ attempt: lost, what: 'killed' });
    attempts[attempt - 1] = { attempt, ...event };
    if (isLive) this.#draw();
  }

  killed(pid) {
    for (const attempts of this.rows.values()) {
      const last = attempts.at(-1);
      if (last?.pid === pid && last.what === 'begin') last.what = 'killed';
    }
    if (isLive) this.#draw();
  }

  get isOver() {
    return [...this.rows.values()].every((attempts) => ['done', 'dead'].includes(attempts.at(-1)?.what));
  }

  end() {
    this.#draw();
  }

  #draw() {
    const lines = [
      dim(`  ${'job'.padEnd(13)}${[1, 2, 3, 4].map((n) => `attempt ${n}`.padEnd(13)).join('')}`),
    ];
    for (const [name, attempts] of this.rows) {
      lines.push(`  ${name.padEnd(13)}${Array.from({ length: 4 }, (_, i) => cell(attempts[i])).join('')}`);
    }
    if (this.#height > 0) process.stdout.write(`\u001b[${this.#height}A\u001b[0J`);
    this.#height = lines.length;
    print(lines.join('\n'));
  }
}

function cell(attempt) {
  const [text, color] = {
    begin: ['running', dim],
    killed: ['killed', red],
    retry: [`in ${attempt?.delayMs} ms`, yellow],
    done: ['done', green],
    dead: ['dead', red],
  }[attempt?.what] ?? ['', dim];
  return color(text.padEnd(13));
}

if (process.argv[2] === 'work') await work(process.argv[3], process.argv[4]);
else await play();
