/** Which words make a task and which only sound like one. */
import { describe, expect, it } from "vitest";
import { actionItemsOf, MAX_TASKS, TASK_CHARACTERS } from "../../src/summary/basic/action-items.ts";
import { sentencesOf } from "../../src/summary/basic/sentences.ts";
import { said, WEDNESDAY } from "../said.ts";

const tasks = (...texts: string[]) =>
  actionItemsOf(sentencesOf(said(...texts)), WEDNESDAY).map(({ description, dueMs }) =>
    dueMs === null ? description : `${description} @${new Date(dueMs).toISOString().slice(0, 16)}`,
  );

describe("actionItemsOf", () => {
  it.each<[string, string[]]>([
    ["I need to call the plumber.", ["Call the plumber"]],
    ["We should really update the website.", ["Update the website"]],
    ["Remind me to water the plants tomorrow.", ["Water the plants tomorrow @2025-05-15T23:59"]],
    ["Don't forget to book the flight!", ["Book the flight"]],
    ["Don’t forget to book the flight!", ["Book the flight"]],
    ["Let's ship the new version by Friday.", ["Ship the new version by Friday @2025-05-16T23:59"]],
    ["Please send the invoice to Anna.", ["Send the invoice to Anna"]],
    ["TODO: fix the login page.", ["Fix the login page"]],
    ["Action item: review the contract", ["Review the contract"]],
    ["Could you please call the bank tomorrow at 5 pm?", ["Call the bank tomorrow at 5 pm @2025-05-15T17:00"]],
    ["I'll email the slides tonight.", ["Email the slides tonight @2025-05-14T20:00"]],
    ["By Friday I have to finish the report.", ["Finish the report @2025-05-16T23:59"]],
    ["Make sure that you lock the door.", ["Lock the door"]],
    ["I've got to pay the rent, but not today.", ["Pay the rent @2025-05-14T23:59"]],
    ["I need to buy milk and then I need to call mom.", ["Buy milk", "Call mom"]],
    ["Okay, so, um, I have to, uh, renew my passport.", ["Renew my passport"]],
  ])("%s", (text, expected) => {
    expect(tasks(text)).toEqual(expected);
  });

  it.each([
    "I don't need to call the plumber.",
    "Do I need to call the plumber?",
    "If we need to change the plan we will say so.",
    "I needed to call the plumber.",
    "I have to say that was a nice evening.",
    "We should be fine.",
    "Let's see what happens.",
    "Let's go.",
    "I will never understand that man.",
    "Please, after you.",
    "I need to sleep.",
    "Ask not what your country can do for you.",
    "今天我们讨论了新的产品发布计划。",
  ])("no task: %s", (text) => {
    expect(tasks(text)).toEqual([]);
  });

  it("takes a repeated task once", () => {
    expect(tasks("I need to call the plumber.", "Yes, please call the plumber!")).toEqual(["Call the plumber"]);
  });

  it("is bounded in number and length", () => {
    const many = tasks(...Array.from({ length: 40 }, (_, index) => `I need to write letter${index} to everybody.`));
    expect(many).toHaveLength(MAX_TASKS);
    const [long = ""] = tasks(`I need to write ${"wonderful ".repeat(40)}letters.`);
    expect(long.length).toBeLessThanOrEqual(TASK_CHARACTERS);
  });
});
