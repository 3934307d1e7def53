/**
 * Faults of the systematic walk that no policy has to find, and why. Each names its type, its field and its fault, in full:
 * `<type> [<name>] <field>: <fault>`, where a name is one word.
 */
const EQUIVALENT: [pattern: RegExp, why: string][] = [
  [
    /^(Address|Connection|Database|DatabaseInstance|Disk|GlobalAddress|Instance|Network|Repository|Subnetwork|Topic|User): gone$/,
    "what refers to it cannot be deployed",
  ],
  [/^(Secret|SecretVersion|Bucket|Account) \S+: gone$/, "what reads it cannot be deployed"],
  [/^(RandomBytes|RandomPassword): gone$/, "the secret that is made of it cannot be deployed"],
  [
    /^\w*I(AM|am)Member \S+: gone$/,
    "a right less: what needs it is refused, and the revision before it keeps serving",
  ],
  [/^Instance tags: missing$/, "no rule opens a port for the machine"],
  [/^(Instance deletionProtection|Bucket \S+ forceDestroy): flipped$/, "in dev, where it is off, it is on"],
  [/^Firewall: gone$/, "every rule admits: without one its connections are refused"],
  [/^Firewall allows\.\*: missing$/, "a protocol less is admitted"],
  [
    /^(ManagedZone|RecordSet|Router|RouterNat): gone$/,
    "names and addresses outside are not reached; nothing is opened",
  ],
  [/^RecordSet rrdatas\.\*: missing$/, "one of the four addresses that answer alike"],
  [/^Service \S+\.googleapis\.com: gone$/, "an API that is off refuses what is deployed"],
  [/^ServiceIdentity: gone$/, "the proxy's account is not known, and its binding cannot be deployed"],
  [
    /^Address addressType: missing$/,
    "the one address outside is that of the NAT, which is external by default",
  ],
  [/^ProjectSink name: missing$/, "the API refuses a sink without a name"],
  [
    /^AlertPolicy conditions\.\*\.conditionThreshold\.aggregations\.\*\.groupByFields: missing$/,
    "one host is counted: one group or none is the same sum",
  ],
  [
    /^Job template\.template\.maxRetries: zero$/,
    "a job that fails is not tried again before its next run, and an alert says so",
  ],
  [/^(RandomBytes|RandomPassword) length: a thousand times$/, "the provider refuses it"],
  [/^RandomPassword special: (flipped|missing)$/, "symbols make it no weaker"],
  [
    /^Service \S+ invokerIamDisabled: flipped$/,
    "a service inside asks its callers for a right that they do not have, and refuses them",
  ],
  [
    /^Service gateway template\.annotations(\.tollgate\.dev\/[\w-]+)?: missing$/,
    "words for who reads a preview",
  ],
  [
    /^Service watch template\.containers\.\*\.dependsOns(\.\*)?: missing$/,
    "the order of start: a container that starts early tries again",
  ],
  [
    /^Service agent template\.sessionAffinity: missing$/,
    "a conversation is in the database: any instance goes on with it",
  ],
  [
    /^Service (agent|gateway|langfuse-web) template\.scaling\.minInstanceCount: zero$/,
    "the first request of the day waits for a start, as in dev",
  ],
  [
    /^Service (agent|gateway|langfuse-web|langfuse-console|grafana) template\.containers\.\*\.resources\.cpuIdle: flipped$/,
    "CPU between requests costs more or less, and the ceilings hold the sum",
  ],
  [
    /^Bucket \S+-archive lifecycleRules(\.\*\.action\.storageClass)?: missing$/,
    "an archive stays in the more expensive class, and nothing is lost",
  ],
  [/^guard\.json fleet\.degrade_at_percent: zero$/, "every call of the fleet takes the cheaper route"],
];

/** Why a fault of the systematic walk needs no policy; none when it needs one. */
export function whyEquivalent(what: string): string | undefined {
  return EQUIVALENT.find(([pattern]) => pattern.test(what))?.[1];
}
