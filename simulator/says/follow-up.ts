import { dimensionOf, intentsOf } from "./intents";
import { projectIn, serviceIn } from "./names";
import { PERIOD_WORDS } from "./period";

/** What a question that goes on with the one before it begins with. */
const GOES_ON =
  /^\W*(?:and|also|what about|how about|same|only|just|now|but|in|for|by|without)\b|^(?:why|which \w+)\W*$/i;
const MOST_WORDS = 8;

/** The last question with what it leaves unsaid taken from the questions before it, oldest first. */
export function inContext(questions: readonly string[]): string {
  return questions.reduce((before, question) => {
    const isShort = question.split(/\s+/).length <= MOST_WORDS;
    const goesOn = isShort && (GOES_ON.test(question) || intentsOf(question).length === 0);
    return goesOn && before !== "" ? `${without(before, question)} ${question}` : question;
  }, "");
}

/** What an earlier question said, except what the new one says itself. */
function without(before: string, question: string): string {
  const [service, project] = [serviceIn(question), projectIn(question)];
  const dropped: (RegExp | string | undefined)[] = [
    new RegExp(PERIOD_WORDS, "i").test(question) ? new RegExp(PERIOD_WORDS, "gi") : undefined,
    service && serviceIn(before),
    project && projectIn(before),
    dimensionOf(question) ? /\b(?:by|per) \w+/gi : undefined,
  ];
  return dropped.reduce<string>((text, each) => (each ? text.replace(each, "") : text), before);
}
