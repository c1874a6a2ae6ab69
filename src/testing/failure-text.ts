import { allLaws } from './laws/index.js';
import type { ScheduleCheck, Violation } from './result.js';

/** A failed check as text: for each broken law its words, the smallest counterexample, and the call that repeats it. */
export function failureText({ violations, runs, seed }: ScheduleCheck): string {
  const names = violations.map(({ law }) => `'${law}'`).join(', ');
  const count = violations.length === 1 ? 'a law' : `${violations.length} laws`;
  return [
    `The schedule breaks ${count} (after ${runs} delays)`,
    `{ seed: ${seed}, laws: [${names}] }`,
    ...violations.map(paragraph),
    '',
    `To replay: checkSchedule(subject, { seed: ${seed} })`,
  ].join('\n');
}

function paragraph({ law, message, retry, delay, draw, stream }: Violation): string {
  const chance = chanceText(draw, stream);
  return [
    '',
    `${law}: ${allLaws.find(({ name }) => name === law)?.text}`,
    `  Counterexample: retry ${retry}${chance && `, ${chance.words}`} gives ${delay} ms`,
    `  Got: ${message}`,
    ...(chance ? [`  Try: subject.delay(${retry}, ${chance.code})`] : []),
  ].join('\n');
}

function chanceText(draw?: number, stream?: string): { words: string; code: string } | '' {
  if (draw !== undefined) return { words: `draw ${draw}`, code: `() => ${draw}` };
  if (stream !== undefined) return { words: `stream '${stream}'`, code: `seeded('${stream}')` };
  return '';
}
