// A call to a server that misbehaves, told as it happens; then a failure that no retry can mend, the delays of the
// presets, and a queue. Everything that is told is checked. `npm run demo`
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { classifyStatus, decide, definePolicy, presets, reportOf, retry, schedule, seeded } from 'ostinato';
import { readRetryHint } from 'ostinato/http';
import { bold, cyan, dim, green, red, yellow } from './paint.mjs';
import { tableDemo } from './table.mjs';

const policy = definePolicy({ maxRetries: 5, baseDelayMs: 50, attemptTimeoutMs: 500 });
/** So that every delay can be told beforehand. */
const random = seeded('demo');
/** Of the chart: 48 s, the longest delay of all presets, are 53 columns. */
const COLUMNS_PER_S = 1.1;

const server = createServer();
await once(server.listen(0, '127.0.0.1'), 'listening');
const url = `http://127.0.0.1:${server.address().port}`;
try {
  // The first use of fetch loads it, which must not count as an attempt that takes too long.
  answerWith((response) => response.end());
  await fetch(url);
  await misbehavingServer();
  await missingPage();
} finally {
  server.closeAllConnections();
  server.close();
}
chartOfPresets();
await tableDemo(print);

async function misbehavingServer() {
  heading('One call, and a server that misbehaves');
  print(dim('  5 retries, 50 ms x 2, spread over [1, 1.25]; 500 ms for an attempt'));
  print('');
  print(dim(row('#', 'what came back', 'verdict', 'delay', 'out of')));

  let requests = 0;
  answerWith((response) => {
    const now = new Date();
    const inASecond = new Date(now.getTime() + 1_000).toUTCString();
    requests++;
    if (requests === 1) response.socket.resetAndDestroy();
    else if (requests === 2) response.writeHead(503, { 'Retry-After': '1' }).end();
    else if (requests === 3) {
      response.writeHead(429, { Date: now.toUTCString(), 'Retry-After': inASecond }).end();
    } else if (requests > 4) response.end('hello');
    // The fourth is never answered.
  });

  const told = [];
  const text = await retry(({ signal }) => get('/', signal), policy, {
    random,
    onRetry({ error, attempt, delayMs, elapsedMs }) {
      const verdict = verdictOn(error);
      const failure = { verdict, attempt, elapsedMs };
      const between = [0, 1].map((draw) => decide(policy, failure, () => draw).delayMs);
      // The same policy and the same draw: the same delay, whoever asks.
      assert.equal(delayMs, decide(policy, failure, random).delayMs);
      told.push([whatCameBack(error), verdict.retryAfterMs, ...between]);
      print(
        row(
          attempt,
          whatCameBack(error),
          yellow(
            verdict.retryAfterMs === undefined ? verdict : `retry, hint ${verdict.retryAfterMs / 1_000} s`,
          ),
          bold(`${delayMs} ms`),
          dim(between.join('–')),
        ),
      );
    },
    onEnd: (report) => {
      print(row(report.attempts.length, `200, "hello"`, green('success')));
      print('');
      print(
        `  ${report.attempts.length} attempts in ${seconds(report.elapsedMs)}, and the caller saw only the last.`,
      );
      // Never early: each attempt began when its delay was over.
      report.attempts.slice(1).forEach(({ startMs }, index) => {
        const before = report.attempts[index];
        assert.ok(startMs >= before.startMs + before.durationMs + before.delayMs - 1);
      });
    },
  });

  assert.equal(text, 'hello');
  assert.equal(requests, 5);
  assert.deepEqual(
    told.map(([what, ...rest]) => [what.split(',')[0], ...rest]),
    [
      ['connection reset', undefined, 50, 63],
      ['503', 1_000, 1_000, 1_250],
      ['429', 1_000, 1_000, 1_250],
      ['nothing within 500 ms', undefined, 400, 500],
    ],
  );
}

/** The operation: what is no success is thrown. */
async function get(path, signal) {
  const response = await fetch(url + path, { signal });
  if (!response.ok) throw response;
  return response.text();
}

async function missingPage() {
  heading('A page that is not there: no retry can mend that');
  let requests = 0;
  answerWith((response) => {
    requests++;
    response.writeHead(404).end();
  });
  const error = await retry(({ signal }) => get('/missing', signal), policy).catch((thrown) => thrown);
  const { reason, attempts, elapsedMs } = reportOf(error);
  print(row(1, whatCameBack(error), red('stop')));
  print('');
  print(`  reportOf(error)  reason ${bold(reason)}, ${attempts.length} attempt, ${elapsedMs} ms`);
  assert.equal(reason, 'not-retryable');
  assert.equal(error.status, 404);
  assert.deepEqual([attempts.length, requests], [1, 1]);
}

function chartOfPresets() {
  heading('The delays of the presets, before anything runs');
  print('');
  const axis = [0, 10, 20, 30, 40].map((s) => `${s} s`.padEnd(10 * COLUMNS_PER_S)).join('');
  print(dim(`${' '.repeat(23)}${axis}`.trimEnd()));
  const nominalTotals = [];
  for (const [name, preset] of Object.entries(presets)) {
    const rows = schedule(preset);
    const { totalMinMs, totalMaxMs } = rows.at(-1);
    nominalTotals.push(seconds(rows.reduce((sum, { nominalMs }) => sum + nominalMs, 0)));
    const total = totalMinMs === totalMaxMs ? '' : `${seconds(totalMinMs)} to `;
    print(`  ${bold(name)} ${dim(`${rows.length} retries, ${total}${seconds(totalMaxMs)} in all`)}`);
    for (const { retry: number, minMs, maxMs } of rows) {
      const from = minMs === maxMs ? '' : `${inSeconds(minMs)} –`;
      const range = `${from.padStart(8)} ${inSeconds(maxMs).padStart(5)} s`;
      print(`  ${dim(String(number).padStart(2))} ${range}  ${bar(minMs, maxMs)}`);
    }
    print('');
  }
  assert.deepEqual(nominalTotals, ['62 s', '113.33 s', '35 s', '1.4 s']);
}

/** Where the delay may lie: dim up to the shortest, bright from there to the longest. */
function bar(minMs, maxMs) {
  // A column stands for most of a second: the shorter delays have one too.
  const end = Math.max(1, columns(maxMs));
  const start = Math.min(columns(minMs), end - 1);
  return dim('─'.repeat(start)) + cyan('█'.repeat(end - start));
}

function columns(ms) {
  return Math.round((ms / 1_000) * COLUMNS_PER_S);
}

/** The built-in rules, in the words of this demo; `decide` proves that `retry` has seen it the same way. */
function verdictOn(error) {
  if (!(error instanceof Response)) return 'retry';
  const retryAfterMs = readRetryHint(error.headers);
  return retryAfterMs === undefined ? classifyStatus(error.status, policy) : { retryAfterMs };
}

function whatCameBack(error) {
  if (error instanceof Response) {
    const retryAfter = error.headers.get('retry-after')?.replace(/^.* (?=\d+:)/, '… ');
    return retryAfter ? `${error.status}, Retry-After: ${retryAfter}` : `${error.status} ${error.statusText}`;
  }
  if (error.name === 'TimeoutError') return `nothing within ${policy.attemptTimeoutMs} ms`;
  return error.cause?.code === 'ECONNRESET' ? 'connection reset' : String(error);
}

function answerWith(answer) {
  server.removeAllListeners('request').on('request', (_request, response) => answer(response));
}

function inSeconds(ms) {
  return String(Math.round(ms / 10) / 100);
}

function seconds(ms) {
  return `${inSeconds(ms)} s`;
}

/** One line per attempt. */
function row(number, what, verdict, delay = '', range = '') {
  const cells = [
    [number, -3],
    [what, 34],
    [verdict, 18],
    [delay, -8],
    [range, 12],
  ];
  return cells
    .map(([text, width]) => pad(String(text), width))
    .join('  ')
    .trimEnd();
}

/** To the width on the screen, whatever the colours; to the right if it is negative. */
function pad(text, width) {
  const spaces = ' '.repeat(Math.max(0, Math.abs(width) - visible(text).length));
  return width < 0 ? spaces + text : text + spaces;
}

function visible(text) {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/\u001b\[\d+m/g, '');
}

function heading(text) {
  print('');
  print(bold(text));
}

function print(line) {
  assert.ok(visible(line).length <= 80, `Wider than 80 columns: ${line}`);
  process.stdout.write(`${line}\n`);
}
