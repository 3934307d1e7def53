import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigFiles } from "../../components/config-files";
import { ComposeMachine } from "../../components/compose-machine";
import { Workload } from "../../components/workload";
import { ConfigError } from "../config";
import { configFilesOf } from "./config-files";
import type { Foundation } from "./foundation";
import { outputsOf, type Outputs } from "./outputs";

/** MACHINE */
export function makeSingleMachine(foundation: Foundation): Outputs {
  void [existsSync, join, ConfigFiles, ComposeMachine, Workload, ConfigError, configFilesOf];
  return outputsOf(foundation);
}
