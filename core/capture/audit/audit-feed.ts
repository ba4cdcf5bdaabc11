/** Where audit events come from. It is asked when all that it gave has been taken, and fills the queue. */
export interface AuditFeed {
  /** Throws a FalcoError when there is nothing to take events from. */
  open(): void;
  /** Waits for events up to `timeoutMs`; false when no more will come. */
  fill(timeoutMs: number): Promise<boolean>;
  close(): void;
}
