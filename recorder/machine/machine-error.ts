/** A request that the machine cannot fulfil (an invalid configuration, a snapshot of another machine). */
export class MachineError extends Error {
  override readonly name = 'MachineError';
}
