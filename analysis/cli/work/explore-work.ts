import { sizeOf } from '../../explore/classes.ts';
import type { Explored, Explorer, Outcome, Tally } from '../../explore/explore.ts';
import { piecesOf, type Stretch } from '../../explore/placements.ts';
import { isHeard } from '../../explore/target.ts';
import type { Sign } from '../../explore/window-judge.ts';
import type { ExploredRun } from './explore-messages.ts';
import { openExplorer } from './open-explorer.ts';

/** The pieces of an exploration and their progress, independent of who works on them. */

export interface WorkOptions {
  readonly run: ExploredRun;
  readonly stretches: readonly Stretch[];
  readonly onProgress: (progress: ExploreProgress) => void;
  /** Ends cleanly, with the results so far. */
  readonly signal: AbortSignal;
}

export interface ExploreProgress {
  /** Number of finished boundaries. */
  readonly boundaries: number;
  readonly classes: number;
  readonly failures: number;
}

/** A piece of the work and its progress. */
export interface Piece {
  readonly stretch: Stretch;
  outcomes: Outcome[];
  tally: Tally | undefined;
}

/** The next piece; pieces are started in order, each once. */
export class ExploreWork {
  readonly pieces: readonly Piece[];
  private readonly options: WorkOptions;
  private next = 0;
  private readonly progress = { boundaries: 0, classes: 0, failures: 0 };

  constructor(options: WorkOptions) {
    this.options = options;
    this.pieces = piecesOf(options.stretches, !isHeard(options.run.target)).map((stretch) => ({
      stretch,
      outcomes: [],
      tally: undefined,
    }));
  }

  /** Starts over from the first unfinished piece, so that work that a process failed is done again here and reports the reason. */
  again(): void {
    this.next = 0;
  }

  take(): Piece | undefined {
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

  add(piece: Piece, outcome: Outcome): void {
    piece.outcomes.push(outcome);
    this.count(outcome, 1);
    this.options.onProgress(this.progress);
  }

  /** Resets a piece that a process left unfinished. */
  private forget(piece: Piece): void {
    for (const outcome of piece.outcomes) this.count(outcome, -1);
    piece.outcomes = [];
  }

  private count({ placement, at, failed }: Outcome, sign: 1 | -1): void {
    const { progress } = this;
    // If every placement of a class is run, each counts as one.
    progress.boundaries += sign * (at === placement.at ? sizeOf(placement) : 0);
    progress.classes += sign;
    if (failed) progress.failures += sign;
  }

  result(): Explored {
    const { pieces } = this;
    const signs = pieces.map(({ tally }) => tally?.recorded).filter((sign) => sign !== undefined);
    // For a stopped piece, only the placements that were run count.
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
