import type { Clock } from '../../index.js';

/**
 * A claim kept alive: one heartbeat each third of the lease. Its signal is aborted when the lease is lost: when a
 * heartbeat finds the job under another fence, or none has got through for the length of the lease, so that somebody
 * else may have the job.
 */
export class Lease {
  readonly #lost = new AbortController();
  #isOver = false;
  #cancelBeat: (() => void) | undefined;
  #cancelExpiry: (() => void) | undefined;

  /**
   * `beat` extends the lease and says whether it was still ours; it waits for a server that is away, until `isOver`.
   * `sinceMs` is when the claim was sent off, on our clock.
   */
  constructor(
    private readonly id: string,
    private readonly beat: (isOver: () => boolean) => Promise<boolean>,
    private readonly onError: (error: unknown) => void,
    private readonly leaseMs: number,
    private readonly clock: Clock,
    sinceMs: number,
  ) {
    this.#extend(sinceMs);
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Ends the heartbeats: the job is settled, or left to its lease. */
  end(): void {
    this.#isOver = true;
    this.#cancelBeat?.();
    this.#cancelExpiry?.();
  }

  #extend(sinceMs: number): void {
    const { clock, leaseMs } = this;
    this.#cancelExpiry?.();
    const leftMs = Math.max(1, Math.ceil(sinceMs + leaseMs - clock.now()));
    this.#cancelExpiry = clock.setTimer(leftMs, () => this.#expire(), false);
    this.#cancelBeat = clock.setTimer(Math.ceil(leaseMs / 3), () => void this.#renew(), false);
  }

  async #renew(): Promise<void> {
    const sentMs = this.clock.now();
    // A heartbeat that is refused does not get through: the end of the lease decides.
    try {
      const isHeld = await this.beat(() => this.#isOver);
      if (this.#isOver) return;
      if (isHeld) this.#extend(sentMs);
      // By its own handler, it may be: `queue.complete(job)`.
      else this.#lose(`Job ${this.id} is not ours any more: it has been settled, or taken over`);
    } catch (error) {
      if (!this.#isOver) this.onError(error);
    }
  }

  /** Nothing else would tell: a statement that waits for a connection does not fail, and who takes over sees a dead worker. */
  #expire(): void {
    this.#lose(
      `The lease of job ${this.id} was lost: no heartbeat has got through for ${this.leaseMs} ms. ` +
        'The server is away, the event loop was blocked, or handlers hold all connections of the pool',
    );
    this.onError(this.signal.reason);
  }

  #lose(why: string): void {
    this.end();
    this.#lost.abort(new DOMException(why, 'AbortError'));
  }
}
