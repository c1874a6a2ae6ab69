import { freshSeed } from '../../internal.js';
import type { BullDeadLetterQueue } from './host.js';

// BullMQ removes a job that is gone already without a word, and adds one that is there already without a word. So of two
// who put the same letter back at once, both would say that they did; and if the first job is done and removed by then,
// the second runs it again. What BullMQ does tell is the order of a job's log: whoever is first there has the letter.

const TAKEN = 'Redrive begun at ';
const GIVEN_BACK = 'Given back: ';

/** After this long a claim is that of a process that died. What it had done by then is found, and not done twice. */
const CLAIM_MS = 10_000;

/** Takes a letter for a redrive. Undefined: it is gone, or another redrive has it; else, how to give it back. */
export async function claim(
  dead: BullDeadLetterQueue,
  id: string,
  nowMs: number,
): Promise<(() => Promise<unknown>) | undefined> {
  const row = `${TAKEN}${nowMs} (${freshSeed()})`;
  // What cannot be given back is free when the claim is over.
  const giveBack = (): Promise<unknown> => dead.addJobLog(id, GIVEN_BACK + row).catch(() => undefined);
  try {
    await dead.addJobLog(id, row);
  } catch (error) {
    // Removed by somebody who was faster. (On Postgres two rows at once may collide, too; then the other one has it.)
    if ((await dead.getJob(id)) && !(await firstClaim(dead, id, nowMs))) throw error;
    return undefined;
  }
  if ((await firstClaim(dead, id, nowMs)) === row) return giveBack;
  await giveBack();
  return undefined;
}

async function firstClaim(dead: BullDeadLetterQueue, id: string, nowMs: number): Promise<string | undefined> {
  const { logs } = await dead.getJobLogs(id);
  return logs.find(
    (line) =>
      line.startsWith(TAKEN) &&
      parseInt(line.slice(TAKEN.length), 10) > nowMs - CLAIM_MS &&
      !logs.includes(GIVEN_BACK + line),
  );
}
