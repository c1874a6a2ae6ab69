import type { Verdict } from '../../index.js';
import type { FoundResponse } from '../../internal.js';
import type { Level } from './level.js';

/**
 * Whether anything can have reached the server: surely not, perhaps (the answer was lost, or never came), or surely,
 * for it has answered.
 */
export type Sent = 'no' | 'maybe' | 'yes';

/** What one level of an error tells. */
export interface Finding {
  /** Undefined where the core judges: a status, by the policy; a mark. */
  readonly verdict: Verdict | undefined;
  readonly sent?: Sent | undefined;
  /** The response that the core judges by the policy, if it is kept at a place that the core may not read. */
  readonly response?: FoundResponse;
  /** Only what this level can tell by itself: a cause that tells anything wins. */
  readonly vague?: true;
  /** A wrapper that does not say what was going on: a cause that was never sent was not. */
  readonly wraps?: true;
}

/** One family of failures; undefined if the level is none of them. */
export type Rule = (level: Level) => Finding | undefined;

/** Lost before a request could leave: safe to repeat, whatever the method. */
export const neverSent: Finding = { verdict: 'retry', sent: 'no' };

/** Lost on the way: the server may have done it. */
export const perhapsSent: Finding = { verdict: 'retry', sent: 'maybe' };

/** The server has answered: it refuses for the moment, and has undone what it had begun. */
export const passing: Finding = { verdict: 'retry', sent: 'yes' };

/** The server has answered, and would answer the same again. */
export const refused: Finding = { verdict: 'stop', sent: 'yes' };

/** The server did not let the client in: no statement was sent. */
export const notAdmitted: Finding = { verdict: 'stop', sent: 'no' };

/** The next attempt would fail alike, or nobody wants it. */
export const useless: Finding = { verdict: 'stop' };

export const vaguely = (finding: Finding): Finding => ({ ...finding, vague: true });
