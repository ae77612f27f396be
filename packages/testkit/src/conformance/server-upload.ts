/** Uploads of recordings in one request: what is accepted, what a job says, and how what cannot be taken is refused. */
import { AskedServer, freshRecording, told } from "./asked-server.ts";
import { type Rule, see } from "./rules.ts";

const STATUSES = ["queued", "processing", "completed", "partial_failure", "failed"];

export const UPLOAD_RULES: readonly Rule<AskedServer>[] = [
  {
    id: "U1",
    says: "An upload of recordings is answered with 202, a job, its status and the count of files.",
    async check(server) {
      const answer = await server.upload(freshRecording(), freshRecording());
      const { job_id, status, total_files } = answer.body ?? {};
      see(answer.status === 202 && typeof job_id === "string" && job_id !== "", told(answer));
      see(status === "queued" || status === "processing", told(answer));
      see(total_files === 2, told(answer));
    },
  },
  {
    id: "U2",
    says: "The same bytes again are answered with 202 or 200 again, and a job that is named can be asked for.",
    async check(server) {
      const recording = freshRecording();
      see((await server.upload(recording)).status === 202, "the first upload was not taken");
      const again = await server.upload(recording);
      see(again.status === 202 || again.status === 200, told(again));
      if (again.status === 200) return;
      const job = await server.ask(`/v2/sync-local-files/${again.body?.job_id}`);
      see(job.status === 200, told(job));
    },
  },
  {
    id: "J1",
    says: "A job is answered with its id, one of five statuses and its counts of segments.",
    async check(server) {
      const { body } = await server.upload(freshRecording());
      const answer = await server.ask(`/v2/sync-local-files/${body?.job_id}`);
      const { job_id, status, total_segments, processed_segments, failed_segments } = answer.body ?? {};
      see(answer.status === 200 && job_id === body?.job_id && STATUSES.includes(String(status)), told(answer));
      const counts = [total_segments, processed_segments, failed_segments];
      see(
        counts.every((each) => typeof each === "number" && each >= 0),
        told(answer),
      );
    },
  },
  {
    id: "J2",
    says: "A job that was never there is answered with 404 and a JSON body, which clients tell from a page in between.",
    async check(server) {
      const answer = await server.ask(`/v2/sync-local-files/${crypto.randomUUID()}`);
      see(answer.status === 404 && answer.body?.detail !== undefined, told(answer));
    },
  },
  {
    id: "R1",
    says: "Whoever has no valid token is refused with 401 and a detail, for uploads as for jobs.",
    async check(server) {
      const stranger = new AskedServer({ ...server.target, token: "not-a-token" });
      for (const answer of [await stranger.upload(freshRecording()), await stranger.ask("/v2/sync-local-files/x")]) {
        see(answer.status === 401 && answer.body?.detail !== undefined, told(answer));
      }
    },
  },
  {
    id: "R2",
    says: "A recording whose name has no time is refused with 400 and a detail, and not with a failure of the server.",
    async check(server) {
      const answer = await server.upload({ ...freshRecording(), name: "recording.bin" });
      see(answer.status === 400 && typeof answer.body?.detail === "string", told(answer));
    },
  },
  {
    id: "R3",
    says: "An upload without files is refused with 400 or 422 and a detail.",
    async check(server) {
      const answer = await server.upload();
      see((answer.status === 400 || answer.status === 422) && answer.body?.detail !== undefined, told(answer));
    },
  },
];
