/** People the user knows by voice or name, as the app's settings show them. One name is one person. */
import { HoldfastError } from "@holdfast/contract";
import { createPerson, deletePerson, findPerson, listPeople, type Person, renamePerson } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { flag, IdParams, text } from "./input.ts";

const MAX_NAME = 100;
const Name = text(MAX_NAME)
  .transform((value) => value.replace(/\s+/gu, " ").trim())
  .refine((value) => value !== "", "must not be empty");

const PersonView = z.object({
  id: z.string(),
  name: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  /** Accepted by clients; voices are not learnt yet. */
  speech_samples: z.array(z.string()),
});

function personView(person: Person): z.infer<typeof PersonView> {
  return {
    id: person.id,
    name: person.name,
    created_at: new Date(person.createdMs).toISOString(),
    updated_at: new Date(person.updatedMs).toISOString(),
    speech_samples: [],
  };
}

function personNotFound(): HoldfastError {
  return new HoldfastError("Person not found", { code: "not_found", class: "permanent_input" });
}

export function registerPeople(app: App, { db, clock, random }: Pick<HttpContext, "db" | "clock" | "random">): void {
  const tags = ["people"];

  app.get(
    "/v1/users/people",
    {
      schema: {
        tags,
        summary: "Everybody, by name",
        querystring: z.object({ include_speech_samples: flag.optional() }),
        response: { 200: z.array(PersonView) },
      },
    },
    async ({ userId }) => (await listPeople(db, userId)).map(personView),
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
    { schema: { tags, summary: "One person", params: IdParams, response: { 200: PersonView } } },
    async ({ userId, params }) => {
      const person = await findPerson(db, userId, params.id);
      if (person === undefined) throw personNotFound();
      return personView(person);
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
        summary: "Forget a person, and their name on every segment",
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
}
