// The part of undici 7 and 8 that the interceptor uses.

/** Controls the transfer of one request. */
export interface UndiciController {
  readonly aborted: boolean;
  readonly paused: boolean;
  readonly reason: any;
  rawHeaders?: any;
  rawTrailers?: any;
  abort(reason: any): void;
  pause(): void;
  resume(): void;
}

/** What undici calls while it sends a request and receives the response. */
export interface UndiciHandler {
  onRequestStart?(controller: UndiciController, context: any): void;
  onRequestUpgrade?(controller: UndiciController, statusCode: number, headers: any, socket: any): void;
  onResponseStart?(
    controller: UndiciController,
    statusCode: number,
    headers: any,
    statusMessage?: string,
  ): void;
  onResponseData?(controller: UndiciController, chunk: any): void;
  onResponseEnd?(controller: UndiciController, trailers: any): void;
  onResponseError?(controller: UndiciController, error: any): void;
  onResponseStarted?(): void;
  onBodySent?(chunk: any): void;
  onRequestSent?(): void;
}

/** What is sent. */
export interface UndiciRequest {
  readonly origin?: string | URL | undefined;
  readonly path: string;
  readonly method: string;
  readonly headers?: unknown;
  readonly body?: unknown;
}

export type UndiciDispatch = (request: any, handler: any) => boolean;

/** The head of a response, for `classifyResult`, `policyFor` and the events. */
export interface UndiciResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}
