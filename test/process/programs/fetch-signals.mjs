// 40 000 requests on one long-lived signal leave nothing on it, without AbortSignal.any; and the signal still ends the
// reading of a body, although garbage is collected in between.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { retryFetch } from '../../../dist/http/index.js';

delete AbortSignal.any;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function collect() {
  for (let i = 0; i < 5; i++) {
    await pause(20);
    global.gc();
  }
}

/** Everything on a signal that has a size: its listeners, and on Node 20 the signals that depend on it. */
const leftOn = (signal) => [
  getEventListeners(signal, 'abort').length,
  ...Object.getOwnPropertySymbols(signal)
    .filter((key) => key.description !== 'kEvents')
    .flatMap((key) => signal[key]?.size ?? signal[key]?.length ?? []),
];

const shutdown = new AbortController();
const before = leftOn(shutdown.signal);
let requests = 0;
const call = retryFetch(
  { attemptTimeoutMs: 5000, baseDelayMs: 0 },
  {
    signal: shutdown.signal,
    fetch: async () => new Response('ok', { status: ++requests % 100 === 0 ? 503 : 200 }),
  },
);
let heap = 0;
for (let i = 0; i < 40_000; i++) {
  const response = await call('http://x.test/', { signal: new AbortController().signal });
  // Some bodies are read, some cancelled, some dropped.
  if (i % 3 === 0) assert.equal(await response.text(), 'ok');
  else if (i % 3 === 1) await response.body.cancel();
  if (i === 10_000) {
    await collect();
    heap = process.memoryUsage().heapUsed;
  }
}
await collect();
assert.deepEqual(leftOn(shutdown.signal), before);
// 30 000 requests that leave as little as 100 bytes each would be 3 MB.
const growth = process.memoryUsage().heapUsed - heap;
assert.ok(growth < 2 * 2 ** 20, `${growth} bytes are left of 30 000 requests`);

// A real response, of which only the reading is left.
const server = createServer((_request, response) => response.writeHead(200).write('half'));
await once(server.listen(0, '127.0.0.1'), 'listening');
const url = `http://127.0.0.1:${server.address().port}/`;
const own = new AbortController();
const readings = [
  [shutdown, retryFetch({}, { signal: shutdown.signal })(url)],
  [own, retryFetch({ attemptTimeoutMs: 60_000 })(url, { signal: own.signal })],
].map(([controller, response]) => [controller, response.then((it) => it.text())]);
await pause(100);
await collect();
for (const [controller, reading] of readings) {
  const rejected = assert.rejects(reading, { message: 'enough' });
  controller.abort(new Error('enough'));
  await rejected;
}
server.close();
server.closeAllConnections();
console.log('nothing left');
