/** The machine was asked for something it cannot do (a bad configuration, a snapshot of another machine). */
export class MachineError extends Error {
  override readonly name = 'MachineError';
}
