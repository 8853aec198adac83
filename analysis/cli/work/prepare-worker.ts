import '../../../host/install.ts';
import { TraceDatabase } from '../../db/trace-database.ts';
import { answerRequests } from './on-processes.ts';
import type { PrepareRequest } from './prepare-batches.ts';

/** A worker process that loads what a question needs of a batch of traces, which leaves it in the cache (prepare-batches.ts). */

answerRequests(
  async ({ paths, sql, ...options }: PrepareRequest) => {
    const db = await TraceDatabase.open(paths, options);
    try {
      await db.load(sql);
    } finally {
      db.close();
    }
    return {};
  },
  { endsByItself: true },
);
