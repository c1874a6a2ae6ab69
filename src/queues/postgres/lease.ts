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
    this.#cancelExpiry = clock.setTimer(leftMs, () => this.#lose(), false);
    this.#cancelBeat = clock.setTimer(Math.ceil(leaseMs / 3), () => void this.#renew(), false);
  }

  async #renew(): Promise<void> {
    const sentMs = this.clock.now();
    // A heartbeat that is refused does not get through: the end of the lease decides.
    try {
      const isHeld = await this.beat(() => this.#isOver);
      if (this.#isOver) return;
      if (isHeld) this.#extend(sentMs);
      else this.#lose();
    } catch (error) {
      if (!this.#isOver) this.onError(error);
    }
  }

  #lose(): void {
    this.end();
    this.#lost.abort(new DOMException(`The lease of job ${this.id} was lost`, 'AbortError'));
  }
}
