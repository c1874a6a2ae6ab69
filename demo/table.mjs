// The table queue at work, on a Postgres that runs inside this process: flaky jobs, a worker that dies, a dead letter,
// and its second chance. Everything that is told is checked.
import assert from 'node:assert/strict';
import { PGlite } from '@electric-sql/pglite';
import { definePolicy, delayFor, permanent, seeded } from 'ostinato';
import { consume, deadLetters, tableQueue } from 'ostinato/postgres';
import { bold, dim, green, red, yellow } from './paint.mjs';

const policy = definePolicy({ maxRetries: 3, baseDelayMs: 80, jitter: 'equal' });

/** Long enough not to pass while a job runs, short enough to wait for. */
const LEASE_MS = 300;

/**
 * Plays the story, line by line, through `print`.
 *
 * @param {(line: string) => void} print
 * @returns {Promise<void>} Rejects if anything went otherwise than told.
 */
export async function tableDemo(print) {
  print(bold('A queue in one table: Postgres, inside this process'));
  const db = new PGlite();
  const q = tableQueue({ table: 'jobs' });
  const run = async ({ text, values }) => (await db.query(text, values)).rows;
  await run(q.schema());
  print(dim('  3 retries, 80 ms x 2, spread over [0.5, 1]; a lease lasts 300 ms'));
  print('');

  const ids = {};
  for (const to of ['cyd', 'ada', 'bob', 'dan']) [{ id: ids[to] }] = await run(q.add('mail', { to }));
  const names = Object.fromEntries(Object.entries(ids).map(([to, id]) => [id, to]));

  // A worker that dies leaves just this: a claim that nobody ever settles.
  const [lost] = await run(q.claim('mail', 1, 'doomed', LEASE_MS));
  assert.equal(lost.payload.to, 'cyd');

  const startMs = performance.now();
  const told = [];
  const say = (to, attempt, what, paintIt) => {
    const at = `${((performance.now() - startMs) / 1_000).toFixed(2)} s`;
    print(`  ${dim(at.padStart(7))}  ${to}  attempt ${attempt}  ${paintIt(what)}`);
  };
  say('cyd', 1, 'its worker died', red);

  let isAddressKnown = false;
  const worker = consume(
    db,
    q,
    'mail',
    policy,
    (job, { attempt }) => {
      const { to } = job.payload;
      if (to === 'ada' && attempt < 3) throw new Error('connection reset');
      if (to === 'dan' && !isAddressKnown) throw permanent(new Error('no such address'));
    },
    {
      leaseMs: LEASE_MS,
      listen: (channel, onNotify) => db.listen(channel, onNotify),
      onAttempt({ id, attempt, outcome, delayMs, reason, error }) {
        const to = names[id];
        told.push([to, attempt, outcome, delayMs ?? reason]);
        if (outcome === 'stalled') say(to, attempt, 'was lost with its worker: taken over', yellow);
        else if (outcome === 'done') say(to, attempt, 'sent', green);
        else if (outcome === 'retry') say(to, attempt, `${error.message}: again in ${delayMs} ms`, yellow);
        else say(to, attempt, `${error.message}: dead letter, ${reason}`, red);
      },
    },
  );

  try {
    await settled(db, 4);
    const letters = deadLetters(db, q, 'mail');
    const [letter, ...others] = await letters.list();
    assert.deepEqual(others, []);
    assert.equal(letter.id, ids.dan);
    assert.equal(letter.lastError.message, 'no such address');
    print('');
    print(`  One dead letter: ${letter.payload.to}, ${letter.reason}. The address is mended: redrive.`);
    print('');
    isAddressKnown = true;
    assert.ok(await letters.redrive(letter.id));
    await settled(db, 4);
    assert.deepEqual(await letters.list(), []);
  } finally {
    await worker.stop();
  }

  // The delays can be told beforehand, from the policy, the queue and the id alone.
  const delay = (to, retry) => delayFor(policy, retry, seeded(`mail:${ids[to]}`));
  const of = (name) => told.filter(([to]) => to === name).map(([, ...rest]) => rest);
  assert.deepEqual(of('ada'), [
    [1, 'retry', delay('ada', 1)],
    [2, 'retry', delay('ada', 2)],
    [3, 'done', undefined],
  ]);
  assert.deepEqual(of('bob'), [[1, 'done', undefined]]);
  assert.deepEqual(of('cyd'), [
    [1, 'stalled', undefined],
    [2, 'done', undefined],
  ]);
  assert.deepEqual(of('dan'), [
    [1, 'dead', 'not-retryable'],
    [1, 'done', undefined],
  ]);
  const { rows } = await db.query('select state, history from jobs order by id');
  assert.deepEqual(
    rows.map(({ state, history }) => [state, ...history.map(({ outcome }) => outcome)]),
    [
      ['done', 'stalled', 'done'],
      ['done', 'retry', 'retry', 'done'],
      ['done', 'done'],
      ['done', 'done'],
    ],
  );
  await db.close();

  print('');
  print(green('  4 jobs, 4 done: none lost, every attempt on record, every delay as foretold.'));
}

/** Waits until so many jobs have ended, one way or the other. */
async function settled(db, count) {
  const endMs = performance.now() + 20_000;
  for (;;) {
    const { rows } = await db.query(`select count(*)::int as n from jobs where state in ('done', 'dead')`);
    if (rows[0].n === count) return;
    assert.ok(performance.now() < endMs, 'The jobs have not ended within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
