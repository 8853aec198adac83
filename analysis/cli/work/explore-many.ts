import { sizeOf } from '../../explore/classes.ts';
import type { Explored, Explorer, Outcome, Tally } from '../../explore/explore.ts';
import { countOf, piecesOf, type Stretch } from '../../explore/placements.ts';
import type { Sign } from '../../explore/window-judge.ts';
import type { ExploreAnswer, ExploredRun } from './explore-messages.ts';
import { openExplorer } from './open-explorer.ts';
import { isBuilt, WorkerProcess } from './worker-process.ts';

/** Explores the stretches of a run in several processes; what is found, and its order, is that of one. */

export interface ManyOptions {
  readonly run: ExploredRun;
  readonly stretches: readonly Stretch[];
  /** Processes at once. */
  readonly jobs: number;
  readonly onProgress: (progress: ExploreProgress) => void;
  /** Ends in order, with what is known by then. */
  readonly signal: AbortSignal;
}

export interface ExploreProgress {
  /** Boundaries that are done with. */
  readonly boundaries: number;
  readonly classes: number;
  readonly failures: number;
}

const entry = new URL('./explore-worker.js', import.meta.url);
/** A process takes as long to start as so many placements to run. */
const WORTH_A_PROCESS = 200;

/** A piece of the work, and what is known of it. */
interface Piece {
  readonly stretch: Stretch;
  outcomes: Outcome[];
  tally: Tally | undefined;
}

export async function exploreMany(options: ManyOptions): Promise<Explored> {
  const work = new Work(options);
  const boundaries = countOf(options.stretches.flatMap((stretch) => stretch.boundaries));
  const jobs = Math.min(options.jobs, work.pieces.length, Math.ceil(boundaries / WORTH_A_PROCESS));
  if (jobs > 1 && isBuilt(entry)) {
    await Promise.all(Array.from({ length: jobs }, () => work.inProcess()));
    work.again();
  }
  await work.here();
  return work.result();
}

/** Pieces are begun in their order, each once. */
class Work {
  readonly pieces: readonly Piece[];
  private readonly options: ManyOptions;
  private next = 0;
  private readonly progress = { boundaries: 0, classes: 0, failures: 0 };

  constructor(options: ManyOptions) {
    this.options = options;
    this.pieces = piecesOf(options.stretches).map((stretch) => ({
      stretch,
      outcomes: [],
      tally: undefined,
    }));
  }

  /** Begins with the first piece that nobody came to the end of: what a process could not do is done again here, and says why. */
  again(): void {
    this.next = 0;
  }

  private take(): Piece | undefined {
    while (!this.options.signal.aborted && this.next < this.pieces.length) {
      const piece = this.pieces[this.next++];
      if (!piece.tally) return piece;
    }
    return undefined;
  }

  /** Explores in this process until nothing is left. */
  async here(): Promise<void> {
    const { run, signal } = this.options;
    let explorer: Explorer | undefined;
    try {
      for (let piece = this.take(); piece; piece = this.take()) {
        const { stretch } = piece;
        this.forget(piece);
        explorer ??= openExplorer(run);
        piece.tally = await explorer.explore(stretch, (outcome) => this.add(piece as Piece, outcome), signal);
      }
    } finally {
      explorer?.close();
    }
  }

  /** Explores in a process of its own until nothing is left, or it fails. */
  async inProcess(): Promise<void> {
    const { run, signal } = this.options;
    const process = new WorkerProcess(entry);
    const stop = () => process.end(true);
    signal.addEventListener('abort', stop);
    try {
      for (let piece = this.take(); piece; piece = this.take()) {
        const { stretch } = piece;
        const lives = await process.ask({ run, stretch }, (message) =>
          this.takeAnswer(piece as Piece, message as ExploreAnswer),
        );
        if (!lives || !piece.tally) return;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      process.end();
    }
  }

  /** True if the process is done with the piece. */
  private takeAnswer(piece: Piece, answer: ExploreAnswer): boolean {
    if (answer === 'failed') return true;
    if ('outcome' in answer) this.add(piece, answer.outcome);
    else piece.tally = answer.tally;
    return 'tally' in answer;
  }

  private add(piece: Piece, outcome: Outcome): void {
    piece.outcomes.push(outcome);
    this.count(outcome, 1);
    this.options.onProgress(this.progress);
  }

  /** Of a piece that a process left unfinished. */
  private forget(piece: Piece): void {
    for (const outcome of piece.outcomes) this.count(outcome, -1);
    piece.outcomes = [];
  }

  private count({ placement, at, failed }: Outcome, sign: 1 | -1): void {
    const { progress } = this;
    // Of a class of which every placement is run, each is one.
    progress.boundaries += sign * (at === placement.at ? sizeOf(placement) : 0);
    progress.classes += sign;
    if (failed) progress.failures += sign;
  }

  result(): Explored {
    const { pieces } = this;
    const signs = pieces.map(({ tally }) => tally?.recorded).filter((sign) => sign !== undefined);
    // Of a piece that was stopped, those that were run.
    const classesRun = ({ outcomes }: Piece) => outcomes.filter(({ at, placement }) => at === placement.at);
    const placementsRun = (piece: Piece) => sum(classesRun(piece), ({ placement }) => sizeOf(placement));
    return {
      placements: sum(pieces, (piece) => piece.tally?.placements ?? placementsRun(piece)),
      classes: sum(pieces, (piece) => piece.tally?.classes ?? classesRun(piece).length),
      recorded: signs.reduce<Sign | undefined>(
        (first, one) => (first && first.icount <= one.icount ? first : one),
        undefined,
      ),
      outcomes: pieces.flatMap(({ outcomes }) => outcomes),
      complete: pieces.every(({ tally }) => tally !== undefined),
    };
  }
}

const sum = <One>(list: readonly One[], of: (one: One) => number): number =>
  list.reduce((total, one) => total + of(one), 0);
