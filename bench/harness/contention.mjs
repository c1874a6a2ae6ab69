import { seeded } from 'ostinato';

const HOP_MEAN_MS = 10;
const HOP_SD_MS = 2;

/**
 * The contention model of the AWS Architecture Blog's "Exponential Backoff And Jitter" (2015).
 *
 * One server holds one row with a version. All clients start at time 0; each wants one successful write. A cycle is a
 * hop to the server (read), a hop back, a hop to the server (write, with the version read), a hop back (outcome); a hop
 * takes |Normal(10, 2)| ms. A write succeeds if its version is still the current one, which it then replaces; otherwise
 * the client counts a failure, n, and its next read arrives after one hop plus backoff(n).
 *
 * @param strategy `(trial, client) => (n, uniform) => ms`, the backoff of one client.
 * @returns the means over the trials: writes that arrived at the server, and the time at which the last client knew.
 */
export function runHerd(clients, trials, strategy) {
  const stream = seeded(`herd of ${clients}`);
  let drawn = 0;
  const uniform = () => stream(++drawn);
  let calls = 0;
  let timeMs = 0;
  for (let trial = 0; trial < trials; trial++) {
    const run = contend(clients, uniform, (client) => strategy(trial, client));
    calls += run.calls;
    timeMs += run.timeMs;
  }
  return { calls: calls / trials, timeMs: timeMs / trials };
}

function contend(clients, uniform, backoffOf) {
  const hop = () => Math.abs(HOP_MEAN_MS + HOP_SD_MS * normal(uniform));
  const queue = new EventQueue();
  let version = 0;
  let calls = 0;
  let timeMs = 0;
  for (let client = 0; client < clients; client++) {
    queue.push({ at: hop(), read: true, seen: 0, failures: 0, backoff: backoffOf(client) });
  }
  for (let event = queue.pop(); event !== undefined; event = queue.pop()) {
    if (event.read) {
      // The client gets the version one hop later, and its write arrives another hop later.
      event.seen = version;
      event.read = false;
      event.at += hop() + hop();
    } else {
      calls++;
      const told = event.at + hop();
      if (event.seen === version) {
        version++;
        timeMs = Math.max(timeMs, told);
        continue;
      }
      event.failures++;
      event.read = true;
      event.at = told + hop() + event.backoff(event.failures, uniform);
    }
    queue.push(event);
  }
  return { calls, timeMs };
}

/** One draw of a standard normal distribution (Box and Muller). */
const normal = (uniform) => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

/** Events in the order of their time: a binary heap. */
class EventQueue {
  #heap = [];

  push(event) {
    const heap = this.#heap;
    let i = heap.push(event) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent].at <= event.at) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = event;
  }

  pop() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child + 1 < heap.length && heap[child + 1].at < heap[child].at) child++;
      if (child >= heap.length || heap[child].at >= last.at) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
    return first;
  }
}
