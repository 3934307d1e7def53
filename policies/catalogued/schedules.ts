import { Job as Schedule } from "@pulumi/gcp/cloudscheduler/job";
import { jobs } from "../../catalogue";
import { isScheduled } from "../access/designed";
import { officeSchedule } from "../../components/office-hours";
import { scheduleOf, type OpenHours } from "../../components/run/schedule";
import { ofType, type Props, type Rule } from "../rule";
import { stackSetting } from "../stack-settings";
import { exactly, matches, ofSetting, project, type Pattern } from "./patterns";

/** The schedules of office hours: each wakes one thing, or puts it to sleep. */
const OFFICE = /^tollgate-(wake|sleep)-/;

/** What wakes and sleeps: an instance count, or a policy of activation. */
const OFFICE_BODY = {
  wake: /^\{"(scaling":\{("scalingMode":"AUTOMATIC"|"manualInstanceCount":1)\}|settings":\{"activationPolicy":"ALWAYS"\})\}$/,
  sleep:
    /^\{"(scaling":\{("scalingMode":"MANUAL",)?"manualInstanceCount":0\}|settings":\{"activationPolicy":"NEVER"\})\}$/,
};

export const schedulesAsCatalogued: Rule = {
  name: "schedules-as-catalogued",
  description:
    "A schedule runs a job of the catalogue as it is and when it is due, or wakes and puts to sleep what is the stack's.",
  severity: "critical",
  remedy: "Give the job its trigger in catalogue/jobs.ts",
  checks: [
    ofType(Schedule, (props, resource) => {
      const { name = "", schedule, timeZone, httpTarget, pubsubTarget, appEngineHttpTarget } = props;
      const known = name || `tollgate-${resource.name}`;
      const office = OFFICE.test(known);
      if (pubsubTarget || appEngineHttpTarget) return ["It has a target that is not one of Google's APIs"];
      const { uri, body, oauthToken, oidcToken, httpMethod } = (httpTarget ?? {}) as Props;
      const account = office ? "tollgate-office" : "tollgate-scheduler";
      const text = typeof body === "string" ? Buffer.from(body, "base64").toString("utf8") : "";
      const every = everyOf(known);
      const hours = officeHours();
      const action = known.startsWith("tollgate-wake-") ? "wake" : "sleep";
      // Data stores wake first; until they are there their address is not known, unlike that of what Cloud Run runs.
      const due =
        office && hours ? officeSchedule(!uri?.startsWith("https://run."), action, hours) : undefined;
      return [
        ...(due === undefined || schedule === undefined || schedule === due
          ? []
          : [`schedule is ${schedule}, and that of the office hours is ${due}`]),
        ...(office && text !== "" && !OFFICE_BODY[action].test(text)
          ? [`httpTarget.body does not let it ${action}`]
          : []),
        ...(office && uri !== undefined && uri.endsWith(action === "wake" ? "/stop" : "/start")
          ? [`httpTarget.uri does not let it ${action}`]
          : []),
        ...(office || every !== undefined ? [] : [`The catalogue has no schedule ${known}`]),
        ...(every === undefined || matches(cronOf(every), schedule)
          ? []
          : [`schedule is ${schedule}, and the catalogue's is ${scheduleOf(every, officeHours())}`]),
        ...(every === undefined || matches(zone(), timeZone)
          ? []
          : [`timeZone is ${timeZone}, and the stack's is ${officeHours()?.timeZone ?? "Etc/UTC"}`]),
        ...(matches(office ? officeUri(known) : jobUri(known), uri)
          ? []
          : [`httpTarget.uri ${uri} is not what ${known} is for`]),
        ...(office || text === "" ? [] : ["httpTarget.body sets another command"]),
        ...(office || httpMethod === undefined || httpMethod === "POST"
          ? []
          : [`httpTarget.httpMethod is ${httpMethod}`]),
        ...(oidcToken ? ["httpTarget.oidcToken calls as an account that is not the schedule's"] : []),
        ...(matches(`${account}@${project()}\\.iam\\.gserviceaccount\\.com`, oauthToken?.serviceAccountEmail)
          ? []
          : [`httpTarget.oauthToken calls as ${oauthToken.serviceAccountEmail}`]),
      ];
    }),
  ],
};

/** Seconds between the runs of a job of the catalogue; none for what is no schedule of it. */
function everyOf(known: string): number | undefined {
  const trigger = jobs.find((job) => isScheduled(job) && known === `tollgate-${job.name}`)?.trigger;
  return typeof trigger === "object" && "every" in trigger ? trigger.every : undefined;
}

function officeHours(): OpenHours | undefined {
  const text = stackSetting("tollgate:officeHours");
  return text === undefined ? undefined : (JSON.parse(text) as OpenHours);
}

/** Where the stack is not known, any office hours may be its own. */
function cronOf(every: number): Pattern {
  if (stackSetting("gcp:project") !== undefined) return exactly(scheduleOf(every, officeHours()));
  const within = exactly(scheduleOf(every, { from: 0, to: 1 })).replace("0-0", "\\d+-\\d+");
  return `${exactly(scheduleOf(every))}|${within}`;
}

function zone(): Pattern {
  return stackSetting("gcp:project") === undefined ? ".+" : exactly(officeHours()?.timeZone ?? "Etc/UTC");
}

function jobUri(name: string): Pattern {
  return `https://run\\.googleapis\\.com/v2/${place()}/jobs/${exactly(name)}:run`;
}

function officeUri(name: string): Pattern {
  const sleeper = exactly(`tollgate-${name.replace(OFFICE, "")}`);
  const any = "[a-z0-9-]+";
  return [
    `https://run\\.googleapis\\.com/v2/${place()}/(services|workerPools)/${sleeper}\\?updateMask=scaling`,
    `https://sqladmin\\.googleapis\\.com/sql/v1beta4/projects/${project()}/instances/${any}`,
    `https://compute\\.googleapis\\.com/compute/v1/projects/${project()}/zones/${any}/instances/${any}/(start|stop)`,
  ].join("|");
}

function place(): Pattern {
  return `projects/${project()}/locations/${ofSetting("gcp:region", "[a-z]+-[a-z]+\\d")}`;
}
