import { classifyByRules, readClassification } from "../../app/conversation/classify";
import { routeFor } from "../../app/conversation/route";
import { readQuestions, scoreClassification } from "../eval/classification";
import { definitions, QUERY_TYPES } from "../../litellm-config";

test.each([
  ["What's my spend?", "simple_lookup"],
  ["How much did Cloud SQL cost last month?", "simple_lookup"],
  ["List my disks", "simple_lookup"],
  ["How much of my budget is left?", "simple_lookup"],
  ["Why did costs spike?", "cost_analysis"],
  ["why did my costs go up last week?", "cost_analysis"],
  ["How much higher than last month is BigQuery, compared by sku?", "cost_analysis"],
  ["Are there any anomalies?", "cost_analysis"],
  ["Optimize my Vertex AI", "recommendation"],
  ["How can I reduce my bill?", "recommendation"],
  ["Which machines are idle?", "recommendation"],
  ["Please delete the unattached disk", "action"],
  ["Can you stop build-runner-2?", "action"],
])("%s -> %s", (question, type) => {
  expect(classifyByRules(question)).toBe(type);
});

test.each(["Hello", "Tell me about my cloud", "Danke!"])("the rules leave %j to a model", (question) => {
  expect(classifyByRules(question)).toBeUndefined();
});

test("the labelled questions are sorted right, and seldom on a route that costs more", () => {
  const questions = readQuestions();
  const { right, leftToModel, wrong, tooCheap } = scoreClassification(questions);
  expect(questions.length).toBeGreaterThanOrEqual(150);
  expect(wrong.map(({ question, found }) => `${found}: ${question}`)).toEqual([]);
  expect(right + leftToModel).toBe(questions.length);
  expect(leftToModel).toBeLessThan(questions.length / 20);
  expect(tooCheap).toBe(0);
});

test("a follow-up is of the kind of what it follows", () => {
  expect(classifyByRules("And by project?", ["Why did costs go up?"])).toBe("cost_analysis");
  expect(classifyByRules("And by project?", ["What is my spend?"])).toBe("simple_lookup");
  expect(classifyByRules("And by project?", ["Why did costs go up?", "How can I save?"])).toBe(
    "recommendation",
  );
  // Never delete more than was said.
  expect(classifyByRules("And the other one?", ["Delete the first disk"])).not.toBe("action");
});

test.each([
  ["recommendation", "recommendation"],
  ["It is: ACTION.", "action"],
  ["simple_lookup or action", "cost_analysis"],
  ["", "cost_analysis"],
  ["banana", "cost_analysis"],
])("a model's %j means %s", (reply, type) => {
  expect(readClassification(reply)).toBe(type);
});

test.each(QUERY_TYPES)("%s has a route that the definitions give it", (type) => {
  const { name, maxTokens } = routeFor(type);
  expect(definitions.routes[name]!.queryTypes).toContain(type);
  expect(maxTokens).toBe(definitions.routes[name]!.defaultMaxTokens);
});
