/**
 * What finalisation draws from conversations and what people make of it: replaced by a new summary, kept where a person touched
 * it, made once where it stands already, and the same in both places.
 */
import { Structured } from "@holdfast/contract";
import {
  admitConversation,
  changeActionItem,
  changeConversationTasks,
  claimJobById,
  createActionItem,
  createMemory,
  type Db,
  deleteActionItem,
  deleteMemory,
  editMemory,
  finishConversation,
  listActionItems,
  listMemories,
  loadConversation,
  markEvents,
  requestFinalization,
  reviewMemory,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openConversation, segment, T0, USER } from "./seed.ts";

const DAY_MS = 86_400_000;
let server: TestServer;
let db: Db;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  db = (await server.database()).db;
  return async () => await db.destroy();
});

interface Drawn {
  readonly tasks?: readonly string[];
  readonly memories?: readonly string[];
  readonly discarded?: boolean;
}

/** Finishes a conversation, for the first time or anew, with a summary that draws this. */
async function finish(id: string, drawn: Drawn, nowMs = T0): Promise<void> {
  const known = await loadConversation(db, USER, id);
  if (known === undefined) {
    await openConversation(db, id);
    const spoken = segment(`s-${id}`, "words", 0, 1);
    await db
      .insertInto("segments")
      .values({
        user_id: USER,
        conversation_id: id,
        id: spoken.id,
        start_s: 0,
        end_s: 1,
        text: "words",
        body: JSON.stringify(spoken),
      })
      .execute();
  }
  const request = { userId: USER, conversationId: id, force: true, nowMs };
  const admitted =
    known === undefined
      ? await admitConversation(db, { ...request, trigger: "stop" })
      : await db.transaction().execute((trx) => requestFinalization(trx, { ...request, trigger: "finalize" }));
  const ticket = admitted !== undefined && "ticket" in admitted ? admitted.ticket : admitted;
  if (ticket === undefined || !("jobId" in ticket)) throw new Error("not admitted");
  const claim = await claimJobById(db, { userId: USER, id: ticket.jobId }, { owner: "t", nowMs, leaseMs: 60_000 });
  if (claim.outcome !== "claimed") throw new Error(claim.outcome);
  const action_items = (drawn.tasks ?? []).map((description) => ({ description }));
  const events = [
    { title: "Lunch", start: "2026-11-02T12:00:00Z" },
    { title: "Dinner", start: "2026-11-02T19:00:00Z" },
  ];
  const outcome = await finishConversation(db, claim.job, {
    structured: Structured.parse({ title: "T", action_items, events }),
    summaryKind: "basic",
    stateReason: null,
    discarded: drawn.discarded ?? false,
    memories: (drawn.memories ?? []).map((content) => ({ content, category: "system" as const })),
    nowMs,
  });
  expect(outcome).toBe("completed");
}

const items = async () => await listActionItems(db, { userId: USER, limit: 50, offset: 0 });
const texts = async () => (await items()).map(({ description }) => description).sort();
const facts = async () =>
  (await listMemories(db, { userId: USER, limit: 50, offset: 0 })).map(({ content }) => content).sort();
const tasksOf = async (id: string) => (await loadConversation(db, USER, id))?.structured.action_items ?? [];

describe("memories", () => {
  it("of a conversation are replaced by those of its new summary", async () => {
    await finish("c1", { memories: ["Has a dog.", "Likes tea."] });
    await finish("c1", { memories: ["Likes tea.", "Has two dogs."] });
    expect(await facts()).toEqual(["Has two dogs.", "Likes tea."]);
    await finish("c1", { memories: ["Has a dog."], discarded: true });
    expect(await facts()).toEqual([]);
  });

  it("are listed by their conversation", async () => {
    await finish("c1", { memories: ["Has a dog."] });
    await finish("c2", { memories: ["Likes tea."] });
    const of = async (conversationId: string): Promise<string[]> =>
      (await listMemories(db, { userId: USER, conversationId, limit: 50, offset: 0 })).map(({ content }) => content);
    expect([await of("c1"), await of("c2"), await of("c3")]).toEqual([["Has a dog."], ["Likes tea."], []]);
    expect(await facts()).toEqual(["Has a dog.", "Likes tea."]);
  });

  it("that a person wrote, changed or approved survive", async () => {
    await finish("c1", { memories: ["Has a dog.", "Likes tea.", "Plays chess."] });
    const [dog, tea] = await db.selectFrom("memories").select(["id", "content"]).orderBy("content").execute();
    await editMemory(db, USER, dog?.id ?? "", "Has a cat.", T0);
    await reviewMemory(db, USER, tea?.id ?? "", true, T0);
    const own = {
      userId: USER,
      id: "m1",
      content: "Born in May.",
      category: "manual",
      tags: [],
      visibility: "private",
    } as const;
    expect(await createMemory(db, { ...own, nowMs: T0 })).toMatchObject({ category: "manual", manually_added: true });
    // A category alone says that a person wrote it.
    await db.updateTable("memories").set({ category: "manual" }).where("content", "=", "Plays chess.").execute();
    await finish("c1", { memories: ["Has a dog.", "Something new."] });
    expect(await facts()).toEqual(["Born in May.", "Has a cat.", "Likes tea.", "Plays chess.", "Something new."]);
  });

  it("that a person deleted or rejected do not come back", async () => {
    await finish("c1", { memories: ["Has a dog.", "Likes tea."] });
    const [dog, tea] = await db.selectFrom("memories").select("id").orderBy("content").execute();
    expect(await deleteMemory(db, USER, dog?.id ?? "", T0)).toBe(true);
    expect(await reviewMemory(db, USER, tea?.id ?? "", false, T0)).toBe(true);
    await finish("c1", { memories: ["Has a dog.", "Likes tea."] });
    expect(await facts()).toEqual([]);
    const row = await db
      .selectFrom("memories")
      .selectAll()
      .where("id", "=", dog?.id ?? "")
      .executeTakeFirst();
    expect(row).toMatchObject({ content: "", tags: [] });
    expect(await editMemory(db, USER, dog?.id ?? "", "again", T0)).toBe(false);
    expect(await editMemory(db, "u2", tea?.id ?? "", "not yours", T0)).toBe(false);
  });
});

describe("tasks", () => {
  it("are made once, however often and wherever they are said within a week", async () => {
    await finish("c1", { tasks: ["Call Anna.", "call ANNA", "Buy milk"] });
    await finish("c2", { tasks: ["Call Anna!", "Water the plants"] }, T0 + DAY_MS);
    expect(await texts()).toEqual(["Buy milk", "Water the plants", "call ANNA"]);
    // The second conversation still lists it, bound to where it stands.
    expect(await tasksOf("c2")).toMatchObject([
      { description: "Call Anna!", conversation_id: "c1" },
      { description: "Water the plants", conversation_id: "c2" },
    ]);
  });

  it("are made again where the old one is done or older than a week", async () => {
    await finish("c1", { tasks: ["Call Anna", "Buy milk"] });
    const milk = (await items()).find(({ description }) => description === "Buy milk");
    await changeActionItem(db, USER, milk?.id ?? "", { completed: true }, T0);
    await finish("c2", { tasks: ["Buy milk"] }, T0 + DAY_MS);
    expect((await items()).filter(({ description }) => description === "Buy milk")).toHaveLength(2);
    await finish("c3", { tasks: ["Call Anna"] }, T0 + 6.9 * DAY_MS);
    expect((await items()).filter(({ description }) => description === "Call Anna")).toHaveLength(1);
    await finish("c4", { tasks: ["Call Anna"] }, T0 + 7.1 * DAY_MS);
    expect((await items()).filter(({ description }) => description === "Call Anna")).toHaveLength(2);
  });

  it("of another user are another's", async () => {
    const other = {
      userId: "u2",
      id: "x",
      description: "Call Anna",
      completed: false,
      dueMs: null,
      conversationId: null,
    };
    await createActionItem(db, { ...other, nowMs: T0 });
    await finish("c1", { tasks: ["Call Anna"] });
    expect(await texts()).toEqual(["Call Anna"]);
  });

  it("written by hand are not made again and survive", async () => {
    const own = {
      userId: USER,
      id: "x",
      description: "Call Anna",
      completed: false,
      dueMs: null,
      conversationId: null,
    };
    await createActionItem(db, { ...own, nowMs: T0 });
    await finish("c1", { tasks: ["call anna"] });
    await finish("c1", { tasks: [] });
    expect(await texts()).toEqual(["Call Anna"]);
  });

  it("keep through a new summary what a person did with them", async () => {
    await finish("c1", { tasks: ["Call Anna", "Buy milk", "Pay rent", "Sweep"] });
    const id = async (text: string) => (await items()).find(({ description }) => description === text)?.id ?? "";
    await changeActionItem(db, USER, await id("Call Anna"), { completed: true }, T0 + 1_000);
    await changeActionItem(db, USER, await id("Buy milk"), { description: "Buy oat milk" }, T0);
    await deleteActionItem(db, USER, await id("Pay rent"), T0);
    await finish("c1", { tasks: ["Call Anna", "Buy milk", "Pay rent", "Dust"] });
    expect(await texts()).toEqual(["Buy oat milk", "Call Anna", "Dust"]);
    expect(await tasksOf("c1")).toMatchObject([
      { description: "Call Anna", completed: true, completed_at: new Date(T0 + 1_000).toISOString() },
      { description: "Buy oat milk", completed: false },
      { description: "Dust", completed: false },
    ]);
  });
});

describe("both places", () => {
  it("a change in the list is seen in the conversation", async () => {
    await finish("c1", { tasks: ["Call Anna", "Buy milk"] });
    const anna = (await items()).find(({ description }) => description === "Call Anna");
    const dueMs = T0 + DAY_MS;
    const changed = await changeActionItem(
      db,
      USER,
      anna?.id ?? "",
      { completed: true, description: "Call Ann", dueMs },
      T0 + 5,
    );
    expect(changed).toMatchObject({ description: "Call Ann", completed: true, due_at: new Date(dueMs).toISOString() });
    expect(await tasksOf("c1")).toMatchObject([
      { description: "Call Ann", completed: true, due_at: new Date(dueMs).toISOString() },
      { description: "Buy milk", completed: false, completed_at: null },
    ]);
    await changeActionItem(db, USER, anna?.id ?? "", { completed: false, dueMs: null }, T0 + 6);
    expect((await tasksOf("c1"))[0]).toMatchObject({ completed: false, completed_at: null, due_at: null });
    await deleteActionItem(db, USER, anna?.id ?? "", T0);
    expect(await tasksOf("c1")).toMatchObject([{ description: "Buy milk" }]);
    expect(await changeActionItem(db, USER, anna?.id ?? "", { completed: true }, T0)).toBeUndefined();
    expect(await deleteActionItem(db, USER, anna?.id ?? "", T0)).toBe(false);
  });

  it("a change in the conversation is seen in the list, also where the task stands elsewhere", async () => {
    await finish("c1", { tasks: ["Call Anna"] });
    await finish("c2", { tasks: ["Call Anna", "Buy milk"] });
    const tick = (index: number) => (_task: unknown, at: number) => (at === index ? { completed: true } : undefined);
    expect(await changeConversationTasks(db, USER, "c2", tick(0), T0)).toBe(true);
    expect((await items()).map(({ description, completed }) => [description, completed]).sort()).toEqual([
      ["Buy milk", false],
      ["Call Anna", true],
    ]);
    const reword = (task: { description: string }) =>
      task.description === "Buy milk" ? { description: "Buy tea" } : undefined;
    await changeConversationTasks(db, USER, "c2", reword, T0);
    expect(await texts()).toEqual(["Buy tea", "Call Anna"]);
    await changeConversationTasks(
      db,
      USER,
      "c2",
      (task) => (task.description === "Buy tea" ? "delete" : undefined),
      T0,
    );
    expect(await texts()).toEqual(["Call Anna"]);
    expect(await tasksOf("c2")).toMatchObject([{ description: "Call Anna", completed: true }]);
    expect(await changeConversationTasks(db, USER, "c9", tick(0), T0)).toBe(false);
    expect(await changeConversationTasks(db, "u2", "c1", tick(0), T0)).toBe(false);
  });

  it("changes made at the same time are both kept", async () => {
    await finish("c1", { tasks: ["One", "Two", "Three"] });
    const all = await items();
    await Promise.all(all.map(({ id }) => changeActionItem(db, USER, id, { completed: true }, T0)));
    expect((await tasksOf("c1")).map(({ completed }) => completed)).toEqual([true, true, true]);
  });

  it("events are marked by their place", async () => {
    await finish("c1", {});
    expect(
      await markEvents(
        db,
        USER,
        "c1",
        new Map([
          [1, true],
          [7, true],
        ]),
        T0,
      ),
    ).toBe(true);
    const conversation = await loadConversation(db, USER, "c1");
    expect(conversation?.structured.events.map(({ created }) => created)).toEqual([false, true]);
    expect(await markEvents(db, USER, "none", new Map(), T0)).toBe(false);
  });
});
