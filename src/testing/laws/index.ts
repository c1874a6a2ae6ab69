import { boundedTotal } from './bounded-total.js';
import { deterministic } from './deterministic.js';
import { finite } from './finite.js';
import { firstIsBase } from './first-is-base.js';
import type { Law } from './law.js';
import { monotone } from './monotone.js';
import { spread, spreadAtCap } from './spread.js';
import { withinCap } from './within-cap.js';

/** All laws, in the order in which they are checked and reported. */
export const allLaws: readonly Law[] = [
  finite,
  withinCap,
  spreadAtCap,
  spread,
  monotone,
  firstIsBase,
  deterministic,
  boundedTotal,
];
