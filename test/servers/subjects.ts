import type { Subject } from './subject.js';

/** Every queue under test, by name, loaded when asked for: so a worker process loads one host only. */
export const subjects: Record<string, () => Promise<Subject>> = {
  'bullmq on redis': async () => (await import('./bullmq.subject.js')).bullmqOnRedis,
  'bullmq on postgres': async () => (await import('./bullmq.subject.js')).bullmqOnPostgres,
  'table on pg': async () => (await import('./table.subject.js')).tableOnPg,
  'table on postgres.js': async () => (await import('./table.subject.js')).tableOnPostgresJs,
  'pg-boss': async () => (await import('./pg-boss.subject.js')).pgBoss,
  'graphile-worker': async () => (await import('./graphile-worker.subject.js')).graphileWorker,
};

export async function subjectNamed(name: string): Promise<Subject> {
  const load = subjects[name];
  if (!load) throw new Error(`No subject is called ${name}: add it to test/servers/subjects.ts`);
  return load();
}
