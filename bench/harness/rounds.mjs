import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('measure-in-child.mjs', import.meta.url));

/**
 * Measures every contender of a question once per round, each time in a new process. Rounds are interleaved (a, b, c,
 * a, b, c, …), so that a machine that slows down or is disturbed for some seconds does so for all alike.
 *
 * @returns one row per contender: the figures of its best round (the lowest value), and those of every round.
 */
export async function runRounds(name, { contenders, rounds }, onProgress) {
  const figures = new Map(contenders.map((contender) => [contender, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      onProgress(`round ${round} of ${rounds}, ${contender}`);
      figures.get(contender).push(await measureInChild(name, contender));
    }
  }
  return contenders.map((contender) => {
    const perRound = figures.get(contender);
    const best = perRound.reduce((a, b) => (b.value < a.value ? b : a));
    return { contender, ...best, rounds: perRound };
  });
}

function measureInChild(question, contender) {
  return new Promise((resolve, reject) => {
    let figures;
    const child = fork(CHILD, [question, contender], { execArgv: ['--expose-gc'] });
    child.on('message', (message) => {
      figures = message;
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (figures === undefined)
        reject(new Error(`${question}: ${contender} ended with code ${code}, no figure`));
      else resolve(figures);
    });
  });
}
