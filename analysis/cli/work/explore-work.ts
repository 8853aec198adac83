import { sizeOf } from '../../explore/classes.ts';
import type { Explored, Explorer, Outcome, Tally } from '../../explore/explore.ts';
import { piecesOf, type Stretch } from '../../explore/placements.ts';
import type { Sign } from '../../explore/window-judge.ts';
import type { ExploredRun } from './explore-messages.ts';
import { openExplorer } from './open-explorer.ts';

/** The pieces of an exploration, and what is known of each, whoever works at them. */

export interface WorkOptions {
  readonly run: ExploredRun;
  readonly stretches: readonly Stretch[];
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

/** A piece of the work, and what is known of it. */
export interface Piece {
  readonly stretch: Stretch;
  outcomes: Outcome[];
  tally: Tally | undefined;
}

/** Pieces are begun in their order, each once. */
export class ExploreWork {
  readonly pieces: readonly Piece[];
  private readonly options: WorkOptions;
  private next = 0;
  private readonly progress = { boundaries: 0, classes: 0, failures: 0 };

  constructor(options: WorkOptions) {
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
