import { QUERY_TYPES, type QueryType } from "../../litellm-config";
import { readWords } from "./words";

/** "Please", "can you", "go ahead and": what a wish begins with. */
const POLITE =
  /^\W*(?:(?:please|pls|can you|could you|would you|will you|i want you to|i need you to|i'd like you to|you (?:can|may|should)|now|then|just|ok(?:ay)?|yes|hi|hey|hello|so|go ahead and|bitte|por favor|s'il (?:te|vous) pla[iî]t)\W+)*/;
const CHANGE =
  "delete|stop|shut ?down|turn off|switch off|power off|kill|terminate|resize|downsize|scale (?:down|up|in|out)|remove|release|apply|enable|disable|schedule|create|provision|deploy|buy|purchase|set up|migrate|move|restart|detach|cancel|pause|upgrade|downgrade|snapshot|turn on|set|add|change|switch";
/** What there is in a cloud to change. "The one", "it" and "them" are such things too. */
const THING =
  "name|vms?|instances?|machines?|runners?|servers?|disks?|volumes?|snapshots?|databases?|dbs?|clusters?|nodes?|pools?|buckets?|ips?|ip address(?:es)?|address(?:es)?|load balancers?|projects?|functions?|jobs?|queries|query|datasets?|images?|backups?|commitments?|commitment|cuds?|reservations?|autoscal\\w+|lifecycle|budget alerts?|budgets?|alerts?|quotas?|billing exports?|apis?|it|them|that|those|these|everything|all|recommendations?|environments?|staging|production|resources?|services?|ones?";
const CHANGE_THING = new RegExp(
  `^(?:${CHANGE})\\b(?!\\s+(?:the )?(?:same|show|includ|count|list|us)\\w*)[^.?!]*?\\b(?:${THING})\\b`,
);
/** "Create a table": it is words that are to be made. */
const MAKE_WORDS =
  /^(?:create|make|build|draw|add|set up|schedule|prepare|generate)\s+(?:me\s+|us\s+)?(?:(?:an?|the|another|one|new|short|quick|simple|weekly|monthly|daily|detailed|full)\s+)*(?:cost\s+|spend(?:ing)?\s+|billing\s+|savings?\s+|trend\s+)?(?:tables?|lists?|charts?|graphs?|plots?|diagrams?|reports?|summar\w+|overviews?|breakdowns?|csv|spreadsheets?|columns?|forecasts?|comparisons?)\b/;
const FROM_THE_ANSWER =
  /\bfrom (?:the|that|this|your) (?:list|table|answer|result|figures?|numbers?|chart|report|total|sum)/;
const THEN_CHANGE = new RegExp(
  `(?:[,;.:]|\\band\\b|\\bthen\\b)\\s*(?:please |just |then |go ahead and )*(?:(?:delete|stop|shut ?down|turn off|remove|resize|release|kill) (?:it|them|that|those|these|all|the |name)|(?:shut|turn|switch) (?:it|them|that|those|these) (?:down|off))`,
);
const ASKS =
  /^(?:what|why|how|which|should|shall|may|can i|can we|could i|is|are|was|were|do|does|did|would|who|where|when)\b/;
const DO_IT =
  /^(?:do (?:it|that|so|this)|make it so|proceed|apply (?:it|that|them|all)|(?:go ahead|go for it)\s*[.!]*$)/;

/** Wishes to change something, in languages other than English. */
const CHANGE_ABROAD =
  /^(?:lösche?|stoppe?|schalte?|entferne?|beende|supprime[rz]?|arrête[rz]?|éteins|désactive[rz]?|elimina|borra|apaga|det[eé]n|para la|exclu[ai]|desliga|cancella|ferma|spegni|verwijder|stop de|zet)\b|(?:を|は)?(?:削除|停止|止め)/;

/** How to pay less: a question for advice, whatever else it asks. */
const ADVICE: readonly RegExp[] = [
  /\b(?:optimi[sz]\w*|recommend\w*|advi[cs]e|suggest\w*|tips?|ideas?|rightsiz\w+|cost (?:cutting|saving)s?)\b/,
  /\b(?:can|could|should|would|to|help|let's|want|need|ways?|how (?:do|can|to)|where)\b(?![^.?!]*\bhow much (?:did|have|has|do)\b)[^.?!]*\b(?:sav(?:e|ing)|reduc(?:e|ing)|cut(?:ting)?|lower(?:ing)?|shrink|trim|slash|decrease|bring(?:ing)? (?:it |them |costs? |the bill |my bill )?down|get (?:it|them|that|this|these|those|costs?|the bill|my bill) down)\b(?! than)/,
  /^(?:save|reduce|cut|lower|trim|optimi[sz]e|shrink)\b/,
  /\b(?:make|run|get|keep|host|have|be|is it|cost)\b[^.?!]*\bcheaper(?: (?:way|option|alternative|machine|region|storage|class|plan|setup|tier|model)s?)?\b(?=$|[^a-z]*$| (?:to|way|option|alternative|machine|region|storage|class|plan|setup|tier|if|on|in another))/,
  /\bcheaper (?:to|way|option|alternative|machine|region|storage|class|plan|setup|tier)s?\b/,
  /\b(?:should|shall) (?:i|we)\b(?![^.?!]*\b(?:worr|concern|expect|know))/,
  /\bwhat (?:can|could|should|shall|do|would) (?:i|we|you) (?:do\b|change|turn off|delete|stop|remove)/,
  /\b(?:worth (?:it|buying|switching|moving)|spend less|pay less|savings? (?:option|opportunit|potential|plan|possib)\w*|quick wins?|low hanging|safe to (?:delete|remove|stop|turn off|resize|release))/,
  /\b(?:einspar\w*|sparen|spare|senken|reduzieren|optimier\w*|empfehl\w*|économis\w*|réduire|baisser|optimis\w*|recommand\w*|conseil\w*|ahorr\w*|reducir|bajar|optimiz\w*|recomiend\w*|economiz\w*|reduzir|risparmi\w*|ridurre|ottimizz\w*|consigli\w*|bespar\w*|verlagen)|節約|削減|安く|節省|降低/,
];
/** What has no use: advice, unless the question is why it is so. */
const WASTE =
  /\b(?:idle|unused|unattached|unneeded|underused|under ?utili[sz]ed|oversized|over ?provisioned|wast\w+|zombies?|orphan\w*|forgotten|ungenutzt\w*|unbenutzt\w*|inutilis\w+|sin usar|inactiv\w+|ociosos?)\b/;
/** Past savings are figures, not advice. */
const PAST_SAVINGS =
  /\b(?:how much (?:did|have|has|do)\b[^.?!]*\bsav|saved\b|savings? (?:from|through|by|of|so far|last|this)|sav(?:e|ed|ings) (?:from|through|with) (?:credits|discounts|cuds?|committed))/;

/** Why, what changed, what is unusual, how it compares. */
const ANALYSIS: readonly RegExp[] = [
  /\b(?:why|how come|reasons?|explain\w*|root cause|(?:what|who|which \w+) (?:has |have )?(?:caused|causes|changed|happened|drove|drives|made|grew|rose|went|is driving|are driving)|what's (?:driving|wrong|up|going on)|what is (?:wrong|going on))\b/,
  /\b(?:spik\w+|peak\w*|anomal\w+|unusual\w*|unexpected\w*|surpris\w+|weird|strange|odd|outliers?|abnormal\w*|suspicious)\b/,
  /\b(?:increas\w+|decreas\w+|grow(?:n|ing|th|s)?|grew|rose|rises?|risen|rising|jump\w*|dropp\w+|drops?|fell|falling|fallen|surg\w+|doubl\w+|tripl\w+|climb\w*|creep\w*)\b/,
  /\b(?:compar\w+|versus|vs|differ\w*|trend\w*|forecast\w*|predict\w*|projected|projections?|on track|(?:by|at) the end of the (?:month|year)|will (?:it|we|the bill|my bill)|cheaper or|(?:more|less) expensive)\b/,
  /\b(?:go|goes|going|went|gone|moved?|gotten|getting|become|becoming)\b[^.?!]{0,30}\b(?:up|down|cheaper|pricier|(?:more|less) expensive|worse|better|higher|lower)\b/,
  /\b(?:more|less|higher|lower|cheaper|pricier|costlier|expensive|bigger|smaller)\b[^.?!]{0,20}\bthan\b/,
  /\bdid\b[^.?!]{0,40}\b(?:lower|reduce|help|raise|push|cut)\b/,
  /\b(?:driv(?:er|ers|ing|es)|contribut\w+|so (?:high|expensive|much|low)|too (?:high|much|expensive)|worr\w+|concern\w*)\b/,
  /\b(?:warum|weshalb|wieso|gestiegen|erhöht|vergleich\w*|ungewöhnlich\w*|auffällig\w*|pourquoi|augment\w+|hausse|anormal\w*|por ?qu[eé]|subi[óo]|subieron|aument\w+|compara\w*|inusual\w*|perch[eé]|waarom|gestegen)|なぜ|どうして|为什么|為什麼|増え|上がっ/,
];

/** A figure or a list. */
const LOOKUP: readonly RegExp[] = [
  /\b(?:how (?:much|many)|what(?:'s| is| are| was| were| did| does| do)|show|list|which|total|sum|spen[dt]\w*|cost\w*|price\w*|bill\w*|invoices?|budget|left|remaining|charg\w+|paid|pay|tax\w*|credits?|top|biggest|largest|highest|lowest|table|chart|report|summar\w+|overview|breakdown|give me|when did|where (?:is|are)|per (?:project|service|sku|day|month|region)|by (?:project|service|sku|day|month|region)|usage|currency|owns?)\b/,
  /\b(?:wie ?viel|was (?:kostet|kosten)|zeig\w*|kosten|rechnung|ausgaben|combien|coût\w*|dépens\w*|facture|montre\w*|liste|cu[aá]nto|gast\w+|costo\w*|factura|muestra\w*|quanto|custo\w*|fatura|mostra\w*|spes[ae]|costi|hoeveel|rekening)|いくら|料金|費用|コスト|多少|费用/,
];

/** A question that goes on with the one before: it is of its kind. */
const FOLLOW_UP =
  /^(?:and|also|what about|how about|same|the same|but|or|only|just|now|again|ok(?:ay)?|und|et|y|e|en|for|in|on|by|without|excluding|including|last|this|the (?:first|second|third|last|other)|which one)\b|^which(?: \w+)?\W*$/;
const FOLLOW_UP_WORDS = 7;

/**
 * The kind of a question by its words, and by the questions before it; undefined when they do not say. Deterministic, and
 * free. Of several wishes the one that needs the most decides.
 *
 * @param earlier the conversation's earlier questions, oldest first.
 */
export function classifyByRules(question: string, earlier: readonly string[] = []): QueryType | undefined {
  let before: QueryType | undefined;
  for (const text of [...earlier, question]) before = classifyOne(readWords(text), before);
  return before;
}

function classifyOne(words: string, before: QueryType | undefined): QueryType | undefined {
  const wish = words.replace(POLITE, "");
  if (isChange(wish, before !== undefined)) return "action";
  const has = (rules: readonly RegExp[]) => rules.some((rule) => rule.test(words));
  const analysis = has(ANALYSIS);
  if (!PAST_SAVINGS.test(words) && (has(ADVICE) || (WASTE.test(words) && !analysis))) return "recommendation";
  if (analysis) return "cost_analysis";
  const goesOn = FOLLOW_UP.test(words) && words.split(" ").length <= FOLLOW_UP_WORDS;
  if (goesOn && before !== undefined && before !== "action") return before;
  return has(LOOKUP) || MAKE_WORDS.test(wish) ? "simple_lookup" : undefined;
}

function isChange(wish: string, hasEarlier: boolean): boolean {
  if (MAKE_WORDS.test(wish) || FROM_THE_ANSWER.test(wish)) return false;
  if (CHANGE_THING.test(wish) || CHANGE_ABROAD.test(wish)) return true;
  return (hasEarlier && DO_IT.test(wish)) || (!ASKS.test(wish) && THEN_CHANGE.test(wish));
}

/** The kind in a model's reply; a question that it cannot place is analysed, the middle way. */
export function readClassification(reply: string): QueryType {
  const named = QUERY_TYPES.filter((type) => reply.toLowerCase().includes(type));
  return named.length === 1 ? named[0]! : "cost_analysis";
}
