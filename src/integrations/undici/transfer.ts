import type { UndiciController, UndiciHandler, UndiciResponse } from './host.js';

/** What a transfer reports to the exchange that it is part of. */
export interface Receiver {
  /** The caller's handler. */
  readonly handler: UndiciHandler;
  /** The controller that the caller's handler has. */
  readonly controller: UndiciController;
  onStart(controller: UndiciController, context: any): void;
  /** Whether the response goes to the caller at once. Otherwise it is held until `deliver` or `discard`. */
  accepts(response: UndiciResponse): boolean;
}

type State =
  /** No response has come. */
  | 'open'
  /** A response has come, and it is not decided whether the caller gets it. */
  | 'held'
  /** The caller gets the response. */
  | 'forwarding'
  /** Nothing of the transfer is needed any more. */
  | 'discarded';

/** Of the body of a discarded response, this much is read so that its connection can be used again. */
const DRAINED_BYTES = 131_072;

/** One request on its way: undici's handler of one attempt. Its promise resolves with the head of the response. */
export class Transfer implements UndiciHandler {
  readonly response: Promise<UndiciResponse>;
  #resolve!: (response: UndiciResponse) => void;
  #reject!: (error: unknown) => void;
  #state: State = 'open';
  #controller: UndiciController | undefined;
  /** The response that is held: its head, what has come of its body, and how it ended. */
  #head: [statusCode: number, headers: any, statusMessage?: string] = [0, {}];
  #chunks: { readonly length: number }[] = [];
  #end: (() => void) | undefined;
  #drained = 0;
  #killReason: unknown;

  constructor(readonly receiver: Receiver) {
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  onRequestStart(controller: UndiciController, context: any): void {
    this.#controller = controller;
    // A request that waited for its connection when its time was over.
    if (this.#state === 'discarded') controller.abort(this.#killReason);
    else this.receiver.onStart(controller, context);
  }

  onRequestUpgrade(_: UndiciController, statusCode: number, headers: any, socket: any): void {
    this.#state = 'forwarding';
    this.#resolve({ statusCode, headers });
    const { handler, controller } = this.receiver;
    handler.onRequestUpgrade?.(controller, statusCode, headers, socket);
  }

  onResponseStart(
    controller: UndiciController,
    ...head: [statusCode: number, headers: any, statusMessage?: string]
  ): void {
    const [statusCode, headers] = head;
    if (this.#state !== 'open') return;
    if (statusCode < 200) {
      this.receiver.handler.onResponseStart?.(this.receiver.controller, ...head);
      return;
    }
    const response = { statusCode, headers };
    this.#resolve(response);
    if (this.receiver.accepts(response)) {
      this.#state = 'forwarding';
      this.receiver.handler.onResponseStart?.(this.receiver.controller, ...head);
    } else {
      this.#state = 'held';
      this.#head = head;
      controller.pause();
    }
  }

  onResponseData(controller: UndiciController, chunk: any): void {
    if (this.#state === 'forwarding') {
      this.receiver.handler.onResponseData?.(this.receiver.controller, chunk);
    } else if (this.#state === 'held') {
      this.#chunks.push(chunk);
    } else {
      this.#drained += chunk.length;
      if (this.#drained > DRAINED_BYTES) controller.abort(unneeded());
    }
  }

  onResponseEnd(_: UndiciController | null, trailers: any): void {
    const { handler, controller } = this.receiver;
    this.#finish(() => handler.onResponseEnd?.(controller, trailers));
  }

  onResponseError(_: UndiciController | null, error: unknown): void {
    if (this.#state === 'open') this.#reject(error);
    const { handler, controller } = this.receiver;
    this.#finish(() => handler.onResponseError?.(controller, error));
  }

  onBodySent(chunk: any): void {
    this.receiver.handler.onBodySent?.(chunk);
  }

  onRequestSent(): void {
    this.receiver.handler.onRequestSent?.();
  }

  onResponseStarted(): void {
    this.receiver.handler.onResponseStarted?.();
  }

  /** Gives the held response to the caller. */
  deliver(): void {
    if (this.#state !== 'held') return;
    const { handler, controller } = this.receiver;
    this.#state = 'forwarding';
    handler.onResponseStart?.(controller, ...this.#head);
    for (const chunk of this.#chunks) {
      if (!controller.aborted) handler.onResponseData?.(controller, chunk);
    }
    if (controller.aborted) return;
    if (this.#end) this.#end();
    else if (!controller.paused) this.#controller?.resume();
  }

  /** Lets go of the held response: reads what is left of its body, so that the connection can be used again. */
  discard(): void {
    if (this.#state !== 'held') return;
    this.#state = 'discarded';
    this.#chunks = [];
    this.#killReason = unneeded();
    if (!this.#end) this.#controller?.resume();
  }

  /** The caller has the response. */
  get isForwarding(): boolean {
    return this.#state === 'forwarding';
  }

  /** Ends a transfer whose response the caller has. */
  abort(reason: unknown): void {
    this.#controller?.abort(reason);
  }

  /** Ends the transfer at once, unless the caller has the response. */
  kill(reason: unknown = unneeded()): void {
    if (this.isForwarding) return;
    this.#state = 'discarded';
    this.#killReason = reason;
    if (!this.#end) this.#controller?.abort(reason);
  }

  #finish(end: () => void): void {
    this.#end = end;
    if (this.#state === 'forwarding') end();
  }
}

const unneeded = (): Error => new Error('The response is discarded, because the request is repeated');
