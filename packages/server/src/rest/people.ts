/**
 * People the user knows by voice or name, as the app's settings show them. One name is one person. Samples of a voice are links
 * that work for an hour without a token (`playback-links.ts`); there are some only where the user keeps sound and named the person.
 */
import { HoldfastError } from "@holdfast/contract";
import {
  createPerson,
  deletePerson,
  deleteSpeechSample,
  ensureSecret,
  findPerson,
  listPeople,
  listSpeechSamples,
  type Person,
  renamePerson,
  type SpeechSample,
} from "@holdfast/store";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { flag, IdParams, text } from "./input.ts";
import { baseOf, signedPath } from "./playback-links.ts";

const MAX_NAME = 100;
const Name = text(MAX_NAME)
  .transform((value) => value.replace(/\s+/gu, " ").trim())
  .refine((value) => value !== "", "must not be empty");

const PersonView = z.object({
  id: z.string(),
  name: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  speech_samples: z.array(z.string()).describe("Links to WAV files, good for an hour, in the order they were made"),
});
const WithSamples = z.object({ include_speech_samples: flag.default(true) });
const SampleParams = IdParams.extend({ index: z.string() });

function personView(person: Person, speechSamples: readonly string[] = []): z.infer<typeof PersonView> {
  return {
    id: person.id,
    name: person.name,
    created_at: new Date(person.createdMs).toISOString(),
    updated_at: new Date(person.updatedMs).toISOString(),
    speech_samples: [...speechSamples],
  };
}

function personNotFound(): HoldfastError {
  return new HoldfastError("Person not found", { code: "not_found", class: "permanent_input" });
}

export function registerPeople(app: App, { db, clock, random }: Pick<HttpContext, "db" | "clock" | "random">): void {
  const tags = ["people"];
  const linksOf = async (request: FastifyRequest, samples: readonly SpeechSample[]): Promise<string[]> => {
    if (samples.length === 0) return [];
    const { userId } = request;
    const secret = await ensureSecret(db, userId, clock.now());
    return samples.map(({ id, personId }) => {
      return baseOf(request) + signedPath({ userId, personId, sampleId: id }, secret, clock.now());
    });
  };

  app.get(
    "/v1/users/people",
    {
      schema: {
        tags,
        summary: "Everybody, by name",
        querystring: WithSamples,
        response: { 200: z.array(PersonView) },
      },
    },
    async (request) => {
      const people = await listPeople(db, request.userId);
      if (!request.query.include_speech_samples) return people.map((person) => personView(person));
      const samples = Map.groupBy(await listSpeechSamples(db, request.userId), ({ personId }) => personId);
      return await Promise.all(
        people.map(async (person) => personView(person, await linksOf(request, samples.get(person.id) ?? []))),
      );
    },
  );

  app.post(
    "/v1/users/people",
    {
      schema: {
        tags,
        summary: "Make a person, or get the one who has the name already",
        body: z.object({ name: Name }),
        response: { 200: PersonView },
      },
    },
    async ({ userId, body }) =>
      personView(await createPerson(db, { userId, id: random.uuid(), name: body.name, nowMs: clock.now() })),
  );

  app.get(
    "/v1/users/people/:id",
    {
      schema: {
        tags,
        summary: "One person",
        params: IdParams,
        querystring: WithSamples,
        response: { 200: PersonView },
      },
    },
    async (request) => {
      const { userId, params, query } = request;
      const person = await findPerson(db, userId, params.id);
      if (person === undefined) throw personNotFound();
      const samples = query.include_speech_samples ? await listSpeechSamples(db, userId, person.id) : [];
      return personView(person, await linksOf(request, samples));
    },
  );

  app.patch(
    "/v1/users/people/:id/name",
    {
      schema: {
        tags,
        summary: "Rename; 409 where another person has the name",
        params: IdParams,
        querystring: z.object({ value: Name }),
        response: { 200: z.object({ status: z.literal("ok") }) },
      },
    },
    async ({ userId, params, query }) => {
      const person = await findPerson(db, userId, params.id);
      const renamed = { userId, id: params.id, name: query.value, nowMs: clock.now() };
      if (person === undefined || !(await renamePerson(db, renamed))) throw personNotFound();
      return { status: "ok" as const };
    },
  );

  app.delete(
    "/v1/users/people/:id",
    {
      schema: {
        tags,
        summary: "Forget a person, their name on every segment and every sample of their voice",
        params: IdParams,
        response: { 204: z.null() },
      },
    },
    async ({ userId, params }, reply) => {
      const person = await findPerson(db, userId, params.id);
      if (person === undefined || !(await deletePerson(db, userId, person.id, clock.now()))) throw personNotFound();
      return reply.code(204).send(null);
    },
  );

  app.delete(
    "/v1/users/people/:id/speech-samples/:index",
    {
      schema: {
        tags,
        summary: "Remove one sample of a voice, by its place in `speech_samples`",
        params: SampleParams,
        response: { 200: z.object({ status: z.literal("ok") }) },
      },
    },
    async ({ userId, params }) => {
      const person = await findPerson(db, userId, params.id);
      if (person === undefined) throw personNotFound();
      const samples = await listSpeechSamples(db, userId, person.id);
      const sample = /^\d{1,3}$/u.test(params.index) ? samples[Number(params.index)] : undefined;
      if (sample === undefined || !(await deleteSpeechSample(db, userId, sample, clock.now()))) {
        throw new HoldfastError("Sample not found", { code: "not_found", class: "permanent_input" });
      }
      return { status: "ok" as const };
    },
  );
}
