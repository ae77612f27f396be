/** Thrown inside a job's work when another process has the job: stop, and write nothing more. */
export class LeaseLost extends Error {
  constructor() {
    super("the lease of the job was lost");
    this.name = "LeaseLost";
  }
}
